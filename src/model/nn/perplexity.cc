#include "model/nn/perplexity.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "model/nn/sequence_runner.h"

namespace pano::nn {
namespace {

double NegativeLogProbability(std::span<const float> logits, TokenId id) {
  const auto top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (float x : logits) sum += std::exp(static_cast<double>(x) - top);
  return top + std::log(sum) - static_cast<double>(logits[static_cast<size_t>(id)]);
}

}  // namespace

double Perplexity::value() const {
  return std::exp(nll / static_cast<double>(std::max<int64_t>(1, tokens)));
}

Result<Perplexity> MeasurePerplexity(Model& model, std::span<const TokenId> ids, int64_t context,
                                     int64_t stride, const std::function<void(double)>& progress) {
  const auto count = static_cast<int64_t>(ids.size());
  if (count < 2) {
    return InvalidArgument(StrCat("[eval] ", count, " tokens, but perplexity needs two or more"));
  }
  if (stride < 1 || stride > context || context < 2) {
    return InvalidArgument(StrCat("[eval] stride ", stride, " and context ", context,
                                  " do not satisfy 1 <= stride <= context, context >= 2"));
  }
  Perplexity result;
  int64_t previous_end = 1;  // token 0 has no prediction
  for (int64_t begin = 0;; begin += stride) {
    const int64_t end = std::min(begin + context, count);
    PANO_ASSIGN_OR_RETURN(SequenceRunner runner, SequenceRunner::Create(model, end - begin));
    // The logits after token i predict token i + 1; the window's own first token is never scored.
    const int64_t first = std::max(previous_end, begin + 1);
    auto window = ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin - 1));
    PANO_RETURN_IF_ERROR(runner.Feed(
        window, static_cast<size_t>(first - 1 - begin), [&](size_t i, std::span<const float> row) {
          result.nll += NegativeLogProbability(row, ids[static_cast<size_t>(begin) + i + 1]);
          ++result.tokens;
        }));
    previous_end = end;
    if (progress) progress(static_cast<double>(end) / static_cast<double>(count));
    if (end == count) return result;
  }
}

}  // namespace pano::nn
