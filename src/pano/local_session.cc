#include "pano/local_session.h"

#include <algorithm>

#include "base/strings.h"
#include "model/engine/special_tokens.h"
#include "model/template/conversation.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::cli {
namespace {

Status NoTokenizer(const LocalModel& local) {
  return InvalidArgument(
      StrCat(local.files.path, ": has no tokenizer; give --prompt-ids instead of text"));
}

// The token id as text ("" where the file names none), for templates.
std::string TokenText(const LocalModel& local, std::optional<nn::TokenId> id) {
  return id ? std::string(local.tokenizer->Piece(*id)) : "";
}

}  // namespace

void LocalSessionOptions::Declare(OptionSet& options) {
  model.Declare(options);
  model.DeclareAdapter(options);
  speculation.Declare(options);
  options.Int("context", &context, 0, INT32_MAX, "Context in tokens; 0 takes the model's.");
}

Result<std::unique_ptr<LocalSession>> LocalSession::Create(const LocalSessionOptions& options) {
  auto session = std::make_unique<LocalSession>();
  PANO_ASSIGN_OR_RETURN(session->local_, LoadLocalModel(options.model));
  const LocalModel& local = session->local_;
  session->defaults_ = nn::ReadGenerationDefaults(local.files);
  engine::Options engine_options;
  engine_options.context_max = options.context;
  PANO_ASSIGN_OR_RETURN(engine_options.speculation, options.speculation.Options());
  if (!options.speculation.draft_model.empty() && engine_options.speculation.draft_tokens != 0) {
    PANO_ASSIGN_OR_RETURN(session->draft_,
                          LoadDraftModel(options.speculation.draft_model,
                                         options.model.arithmetic.LoadOptions(), *local.pool));
    engine_options.speculation.draft_model = session->draft_.get();
  }
  engine::SetSpecialTokens(nn::ReadSpecialTokens(local.files), local.tokenizer.get(),
                           engine_options);
  // One request: no more KV memory than one context needs.
  const int64_t context = options.context > 0
                              ? std::min(options.context, local.model->context_length())
                              : local.model->context_length();
  engine_options.kv_blocks = (context + nn::kBlockTokens - 1) / nn::kBlockTokens + 1;
  PANO_ASSIGN_OR_RETURN(session->engine_, engine::Engine::Create(*local.model, local.tokenizer,
                                                                 *local.pool, engine_options));
  return session;
}

Result<std::vector<nn::TokenId>> LocalSession::EncodeText(std::string_view text) const {
  if (!local_.tokenizer) return NoTokenizer(local_);
  return local_.tokenizer->Encode(text);
}

Result<EncodedChat> LocalSession::EncodeChat(const json::Value& messages) {
  if (!local_.tokenizer) return NoTokenizer(local_);
  EncodedChat out;
  if (local_.files.chat_template.empty()) {
    std::string joined;
    for (const json::Value& message : messages.as_array()) {
      joined += (joined.empty() ? "" : "\n") + message.Find("content")->as_string();
    }
    PANO_ASSIGN_OR_RETURN(out.ids, local_.tokenizer->Encode(joined));
    return out;
  }
  if (!template_) {
    PANO_ASSIGN_OR_RETURN(template_, jinja::ChatTemplate::Parse(local_.files.chat_template));
  }
  jinja::ChatInputs inputs;
  inputs.messages = messages;
  inputs.bos_token = TokenText(local_, local_.tokenizer->bos());
  inputs.eos_token = TokenText(local_, local_.tokenizer->eos());
  inputs.own_markers = [&tokenizer = *local_.tokenizer](std::string_view text) {
    std::vector<jinja::Rendered::Range> places;
    for (const tokenizer::ByteRange& place : tokenizer.FindShownMarkers(text)) {
      places.push_back({place.begin, place.end});
    }
    return places;
  };
  PANO_ASSIGN_OR_RETURN(jinja::Rendered rendered,
                        jinja::RenderConversation(*template_, std::move(inputs)));
  std::vector<tokenizer::ByteRange> plain;
  for (const auto& range : rendered.from_inputs) plain.push_back({range.begin, range.end});
  tokenizer::EncodeOptions encode;
  encode.add_special_tokens = false;
  encode.plain = plain;
  PANO_ASSIGN_OR_RETURN(out.ids, local_.tokenizer->Encode(rendered.text, encode));
  out.text = std::move(rendered.text);
  return out;
}

engine::Request LocalSession::MakeRequest(const chat::Sampling& o,
                                          std::vector<nn::TokenId> prompt) const {
  const auto pick = [](const auto& given, const auto& fallback, auto last) {
    return static_cast<decltype(last)>(given ? *given : fallback ? *fallback : last);
  };
  engine::Request request;
  request.prompt = std::move(prompt);
  engine::SamplingParams& s = request.sampling;
  s.temperature = static_cast<float>(pick(o.temperature, defaults_.temperature, 1.0));
  s.top_k = static_cast<int32_t>(pick(o.top_k, defaults_.top_k, int64_t{0}));
  s.top_p = static_cast<float>(pick(o.top_p, defaults_.top_p, 1.0));
  s.min_p = static_cast<float>(pick(o.min_p, defaults_.min_p, 0.0));
  s.typical_p = static_cast<float>(pick(o.typical_p, defaults_.typical_p, 1.0));
  s.repetition_penalty =
      static_cast<float>(pick(o.repetition_penalty, defaults_.repetition_penalty, 1.0));
  s.frequency_penalty = static_cast<float>(o.frequency_penalty);
  s.presence_penalty = static_cast<float>(o.presence_penalty);
  if (o.seed) s.seed = static_cast<uint64_t>(*o.seed);
  request.max_tokens = o.max_tokens ? o.max_tokens : defaults_.max_tokens;
  request.stop = o.stop;
  request.adapter = local_.adapter;
  return request;
}

}  // namespace pano::cli
