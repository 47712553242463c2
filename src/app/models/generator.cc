#include "app/models/generator.h"

#include <algorithm>
#include <utility>

#include "app/models/mark_tokens.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/kv/kv_plan.h"
#include "model/engine/special_tokens.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::models {
namespace {

// The memory for keys and values, within the budget where there is one: what it takes.
Result<uint64_t> PlanMemory(const nn::Model& model, uint64_t left_before, uint64_t weight_bytes,
                            MemoryBudget* budget, engine::Options& options) {
  if (options.kv_bytes_max == 0) {
    options.kv_bytes_max = budget ? budget->KvBytes(left_before, weight_bytes)
                                  : MemoryBudget::kKvBytesDefault;
  }
  engine::Options planned = options;   // with the context that the engine fills in
  if (planned.context_max == 0) planned.context_max = model.context_length();
  planned.context_max = std::min(planned.context_max, model.context_length());
  const nn::StateLayout layout = model.state_layout();
  PANO_ASSIGN_OR_RETURN(const engine::KvPlan plan, engine::PlanKvMemory(layout, planned));
  uint64_t bytes = 0;
  for (size_t i = 0; i < plan.block_counts.size(); ++i) {
    bytes += static_cast<uint64_t>(plan.block_counts[i]) * layout.groups[i].bytes_per_block;
  }
  if (budget) PANO_RETURN_IF_ERROR(budget->Take(bytes));
  return bytes;
}

}  // namespace

Generator::Generator() = default;
Generator::~Generator() = default;

serving::Service& Generator::service() const { return *engine; }
engine::Stats Generator::EngineStats() const { return engine->GetEngineStats(); }

GenerationSettings Generator::Defaults() const {
  if (const GeneratorPtr changed = base.lock()) return changed->Defaults();
  MutexLock lock(settings_mu_);
  return Overlay(over_, defaults);
}

void Generator::OverrideDefaults(const GenerationSettings& over) const {
  MutexLock lock(settings_mu_);
  over_ = over;
}

std::string Generator::Summary() const {
  return StrCat(", context ", context_length, ", vocabulary ", vocab_size, ", ",
                EngineStats().kv_blocks.total, " KV blocks of ", nn::kBlockTokens, " tokens",
                chat_template ? ", chat template" : "");
}

void Generator::MakeVocabularies() {
  grammars = std::make_shared<constraints::Vocabulary>(tokenizer, vocab_size);
  std::vector<std::string> marks;
  for (const tools::ToolFormatPtr& format :
       {tool_format, tool_template_format, tools::ToolFormat::Detect("")}) {
    if (!format) continue;
    for (std::string& mark : format->Marks(/*with_calls=*/true)) marks.push_back(std::move(mark));
  }
  std::vector<tokenizer::TokenId> special = SpecialTokensOf(*tokenizer, marks);
  chat_grammars = special.empty() ? grammars
                                  : std::make_shared<constraints::Vocabulary>(
                                        tokenizer, vocab_size, constraints::Vocabulary::kCacheBytesMax,
                                        std::move(special));
}

void Generator::LoadChatTemplate(const format::ModelFiles& files) {
  if (const auto tools = files.named_templates.find("tool_use");
      tools != files.named_templates.end()) {
    Result<jinja::ChatTemplatePtr> parsed = jinja::ChatTemplate::Parse(tools->second);
    if (parsed.ok()) {
      tool_template = std::move(parsed).value();
      tool_template_format = tools::ToolFormat::Detect(tools->second);
    } else {
      LogWarning("[models] ", files.path, ": its chat template 'tool_use' does not parse and is ",
                 "left out: ", parsed.error().message());
    }
  }
  if (files.chat_template.empty()) return;
  Result<jinja::ChatTemplatePtr> parsed = jinja::ChatTemplate::Parse(files.chat_template);
  if (parsed.ok()) {
    chat_template = std::move(parsed).value();
    tool_format = tools::ToolFormat::Detect(files.chat_template);
    return;
  }
  chat_template_error = parsed.error().message();
  LogWarning("[models] ", files.path,
             ": chat is refused, its template does not parse: ", chat_template_error);
}

Status Generator::LoadDraftModel(const LoadSettings& settings, ComputePool& pool) {
  if (settings.draft_model.empty() || settings.engine.speculation.draft_tokens == 0) return {};
  Result<format::ModelFiles> files = format::OpenModel(settings.draft_model);
  if (!files.ok()) return files.error().Wrap("draft model");
  if (encoder::IsEncoder(*files)) {
    return InvalidArgument(
        StrCat("draft model ", files->path, ": is an encoder, it writes no text"));
  }
  Result<std::unique_ptr<nn::Model>> loaded = nn::LoadModel(*files, settings.load, pool);
  if (!loaded.ok()) return loaded.error().Wrap("draft model");
  draft_model = std::move(loaded).value();
  return {};
}

engine::Options Generator::EngineOptions(const engine::Options& server,
                                         const format::ModelFiles& files) const {
  engine::Options options = server;
  engine::SetSpecialTokens(nn::ReadSpecialTokens(files), tokenizer.get(), options);
  options.cache_namespace = FullName();
  options.speculation.draft_model = draft_model.get();
  return options;
}

Status Generator::Start(const format::ModelFiles& files, const LoadSettings& settings,
                        ComputePool& pool, engine::Observer observer) {
  const uint64_t left_before = settings.memory ? settings.memory->BytesLeft() : UINT64_MAX;
  LoadChatTemplate(files);
  defaults = nn::ReadGenerationDefaults(files);
  compute = settings.load.compute;
  PANO_ASSIGN_OR_RETURN(model, nn::LoadModel(files, settings.load, pool));
  vocab_size = model->vocab_size();
  if (tokenizer) MakeVocabularies();
  PANO_RETURN_IF_ERROR(LoadDraftModel(settings, pool));
  engine::Options options = EngineOptions(settings.engine, files);
  PANO_ASSIGN_OR_RETURN(state_bytes, PlanMemory(*model, left_before, files.weights->FileBytes(),
                                                settings.memory, options));
  PANO_ASSIGN_OR_RETURN(
      std::unique_ptr<engine::Engine> started,
      engine::Engine::Create(*model, tokenizer, pool, options, std::move(observer)));
  engine = std::shared_ptr<engine::Engine>(
      started.release(),
      [kept = model, kept_draft = draft_model](engine::Engine* last) { delete last; });
  context_length = engine->context_max();
  int64_t wanted = settings.engine.context_max > 0
                       ? std::min(settings.engine.context_max, model->context_length())
                       : model->context_length();
  if (context_length < wanted) {
    LogWarning("[models] ", FullName(), ": the KV memory holds ", context_length,
               " positions, not ", wanted);
  }
  return OkStatus();
}

}  // namespace pano::models
