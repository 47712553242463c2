#include "model/train/answers.h"

#include <cmath>
#include <limits>

#include "model/tokenizer/tokenizer.h"
#include "model/train/continuation.h"
#include "model/train/evaluation.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

constexpr int64_t kGreedyTokens = 64;
constexpr int64_t kLogitsShown = 16;

json::Value IdsJson(const TokenSequence& ids) {
  json::Value out = json::Array();
  for (int32_t id : ids) out.Append(int64_t{id});
  return out;
}

Result<json::Value> PromptAnswer(const TransformerModule& module,
                                 const tokenizer::Tokenizer& tokenizer, const std::string& prompt,
                                 double* gap_min) {
  PANO_ASSIGN_OR_RETURN(TokenSequence ids, tokenizer.Encode(prompt));
  json::Value out, shown = json::Array();
  out.Set("prompt", prompt);
  out.Set("ids", IdsJson(ids));
  at::Tensor logits = LastLogits(module, ids);
  for (int64_t i = 0; i < kLogitsShown; ++i) shown.Append(logits[i].item<double>());
  out.Set("logits_first", std::move(shown));
  out.Set("logits_max_abs", logits.abs().max().item<double>());
  out.Set("argmax", logits.argmax().item<int64_t>());
  TokenSequence greedy = Greedy(module, ids, kGreedyTokens, gap_min);
  PANO_ASSIGN_OR_RETURN(std::string text, tokenizer.Decode(greedy, false));
  out.Set("greedy", IdsJson(greedy));
  out.Set("greedy_text", std::move(text));
  return out;
}

json::Value PerplexityRun(const TransformerModule& module, const TokenSequence& ids,
                          int64_t context, int64_t stride) {
  Loss loss = Evaluate(module, std::span(&ids, 1), context, stride);
  json::Value out;
  out.Set("context", context);
  out.Set("stride", stride);
  out.Set("scored_tokens", loss.tokens);
  out.Set("nll_sum", loss.nats);
  out.Set("perplexity", std::exp(loss.nats / static_cast<double>(loss.tokens)));
  return out;
}

}  // namespace

Result<json::Value> KnownAnswers(const TransformerModule& module,
                                 const tokenizer::Tokenizer& tokenizer,
                                 const std::vector<std::string>& prompts, const std::string& text) {
  TransformerModule exact = module.Converted(at::kDouble);
  double gap_min = std::numeric_limits<double>::infinity();
  json::Value out, answers = json::Array(), perplexity, runs = json::Array();
  for (const std::string& prompt : prompts) {
    PANO_ASSIGN_OR_RETURN(json::Value answer, PromptAnswer(exact, tokenizer, prompt, &gap_min));
    answers.Append(std::move(answer));
  }
  PANO_ASSIGN_OR_RETURN(TokenSequence ids, tokenizer.Encode(text));
  const int64_t context = module.config().context_length;
  runs.Append(PerplexityRun(exact, ids, context, context / 2));
  runs.Append(PerplexityRun(exact, ids, 64, 32));
  perplexity.Set("tokens_with_bos", static_cast<int64_t>(ids.size()));
  perplexity.Set("ids", IdsJson(ids));
  perplexity.Set(
      "definition",
      "Windows begin at 0, stride, 2*stride, ... and end at min(begin + context, n); each scores "
      "the tokens after the end of the window before (the first: all but token 0). perplexity = "
      "exp(nll_sum / scored_tokens); positions restart at 0 in each window.");
  perplexity.Set("runs", std::move(runs));

  out.Set("definition",
          "Computed in float64 from the stored weights, without a cache. logits_first: the first "
          "16 logits "
          "after the last of ids; greedy: the 64 most likely next ids, never stopping at the end "
          "token.");
  out.Set("greedy_gap_min", gap_min);
  out.Set("prompts", std::move(answers));
  out.Set("perplexity", std::move(perplexity));
  return out;
}

}  // namespace pano::train
