#include "pano/quantize_auto.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/quant/quantize.h"
#include "pano/progress.h"
#include "pano/type_choice/report.h"

namespace pano::cli {
namespace {

constexpr size_t kTextBytesMax = size_t{16} << 20;

}  // namespace

void AutoTypeOptions::Declare(OptionSet& options) {
  options.MaybeDouble("max-kl", &max_kl, 0, 100,
                      "With --to auto: the largest mean divergence from the source in f32, nats a "
                      "token. Default: 0.02.");
  options.MaybeDouble("max-perplexity-ratio", &max_perplexity_ratio, 0, 100,
                      "With --to auto: the largest perplexity, as a multiple of the source's.");
  options.String("text", &text_file,
                 "With --to auto: text to measure the error on, in place of a built-in one.",
                 "FILE");
  options.MaybeInt("prompt-tokens", &prompt_tokens, 1, 1 << 20,
                   "With --to auto: prompt tokens of the request that should be answered soonest. "
                   "Default: 512.");
  options.MaybeInt("gen-tokens", &gen_tokens, 1, 1 << 20,
                   "With --to auto: tokens of its answer. Default: 128.");
  options.String("candidates", &candidates,
                 "With --to auto: the types to choose from, as a list. Default: all.", "TYPES");
}

bool AutoTypeOptions::any() const {
  return max_kl || max_perplexity_ratio || prompt_tokens || gen_tokens || !text_file.empty() ||
         !candidates.empty();
}

type_choice::Bounds AutoTypeOptions::Bounds() const {
  type_choice::Bounds bounds;
  bounds.mean_kl = max_kl.value_or(bounds.mean_kl);
  bounds.perplexity_ratio = max_perplexity_ratio;
  return bounds;
}

type_choice::Work AutoTypeOptions::Work() const {
  type_choice::Work work;
  work.prompt_tokens = prompt_tokens.value_or(work.prompt_tokens);
  work.generated_tokens = gen_tokens.value_or(work.generated_tokens);
  return work;
}

Result<std::vector<std::string>> AutoTypeOptions::Types() const {
  if (candidates.empty()) return quant::TypeNames();
  std::vector<std::string> types;
  for (std::string_view name : Split(candidates, ',')) {
    name = Trim(name);
    PANO_RETURN_IF_ERROR(quant::TypeByName(name).status().Wrap("--candidates"));
    if (std::ranges::find(types, name) == types.end()) types.emplace_back(name);
  }
  return types;
}

Result<ScratchFolder> ScratchFolder::Beside(const std::string& target) {
  RemoveAbandoned(target);
  std::string path = StrCat(target, ".tmp-", RandomHex(8));
  PANO_RETURN_IF_ERROR(Env::Real().MakeFolder(path));
  return ScratchFolder(std::move(path));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), mark_(std::move(other.mark_)) {}

ScratchFolder::~ScratchFolder() {
  std::error_code error;
  if (!path_.empty()) std::filesystem::remove_all(path_, error);
}

Result<AutoType> ChooseAutoType(const std::string& model, const std::string& scratch,
                                const AutoTypeOptions& options, ComputePool& pool) {
  type_choice::MeasureRequest request{.model = model, .scratch = scratch, .work = options.Work()};
  PANO_ASSIGN_OR_RETURN(request.types, options.Types());
  if (!options.text_file.empty()) {
    PANO_ASSIGN_OR_RETURN(request.text,
                          ReadFile(options.text_file, kTextBytesMax).Wrap("--text"));
    if (request.text.empty()) {
      return InvalidArgument(StrCat("--text: ", options.text_file, " is empty"));
    }
  }
  Progress progress("quantize");
  request.progress = [&](double share, std::string_view next) { progress.Update(share, next); };
  PANO_ASSIGN_OR_RETURN(const type_choice::Measurements measured,
                        type_choice::MeasureTypes(request, pool));
  const type_choice::Bounds bounds = options.Bounds();
  const type_choice::Choice choice =
      type_choice::ChooseType(measured.candidates, request.work, bounds);
  AutoType result;
  result.model = measured.model;
  result.report = type_choice::ToJson(measured, choice, request.work, bounds);
  if (choice.taken) {
    result.type = measured.candidates[*choice.taken].type;
  } else {
    result.why_nothing = type_choice::WhyNothing(measured.candidates, bounds);
  }
  return result;
}

}  // namespace pano::cli
