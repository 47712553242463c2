#include "model/nn/perplexity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/strings.h"
#include "model/nn/sequence_runner.h"

namespace pano::nn {
namespace {

// Logarithm of the sum of exponentials.
double LogSum(std::span<const float> logits) {
  const auto top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (float x : logits) sum += std::exp(static_cast<double>(x) - top);
  return top + std::log(sum);
}

double NegativeLogProbability(std::span<const float> logits, TokenId id) {
  return LogSum(logits) - static_cast<double>(logits[static_cast<size_t>(id)]);
}

// sum over tokens of p (ln p - ln q), p of the reference.
double KullbackLeibler(std::span<const float> reference, std::span<const float> model) {
  const double p_sum = LogSum(reference), q_sum = LogSum(model);
  double sum = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double p = static_cast<double>(reference[i]) - p_sum;
    sum += std::exp(p) * (p - (static_cast<double>(model[i]) - q_sum));
  }
  return sum;
}

// A window's tokens, those that predict one that is scored, and where the first of these stands.
struct Window {
  int64_t begin = 0;
  std::span<const TokenId> tokens;
  size_t scored_from = 0;
  int64_t length = 0;
};

template <typename Visit>
Status ForEachWindow(std::span<const TokenId> ids, int64_t context, int64_t stride,
                     const std::function<void(double)>& progress, Visit visit) {
  const auto count = static_cast<int64_t>(ids.size());
  if (count < 2) {
    return InvalidArgument(StrCat("[eval] ", count, " tokens, but perplexity needs two or more"));
  }
  if (stride < 1 || stride > context || context < 2) {
    return InvalidArgument(StrCat("[eval] stride ", stride, " and context ", context,
                                  " do not satisfy 1 <= stride <= context, context >= 2"));
  }
  int64_t previous_end = 1;  // token 0 has no prediction
  for (int64_t begin = 0;; begin += stride) {
    const int64_t end = std::min(begin + context, count);
    // The logits after token i predict token i + 1; the window's own first token is never scored.
    const int64_t first = std::max(previous_end, begin + 1);
    PANO_RETURN_IF_ERROR(visit(
        Window{begin, ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin - 1)),
               static_cast<size_t>(first - 1 - begin), end - begin}));
    previous_end = end;
    if (progress) progress(static_cast<double>(end) / static_cast<double>(count));
    if (end == count) return {};
  }
}

}  // namespace

double Perplexity::value() const {
  return std::exp(nll / static_cast<double>(std::max<int64_t>(1, tokens)));
}

Result<Perplexity> MeasurePerplexity(Model& model, std::span<const TokenId> ids, int64_t context,
                                     int64_t stride, const std::function<void(double)>& progress,
                                     const BoundAdapter* adapter) {
  Perplexity result;
  PANO_RETURN_IF_ERROR(
      ForEachWindow(ids, context, stride, progress, [&](const Window& window) -> Status {
        PANO_ASSIGN_OR_RETURN(SequenceRunner runner,
                              SequenceRunner::Create(model, window.length, adapter));
        return runner.Feed(
            window.tokens, window.scored_from, [&](size_t i, std::span<const float> row) {
              result.nll +=
                  NegativeLogProbability(row, ids[static_cast<size_t>(window.begin) + i + 1]);
              ++result.tokens;
            });
      }));
  return result;
}

Result<Divergence> MeasureDivergence(Model& reference, Model& model, std::span<const TokenId> ids,
                                     int64_t context, int64_t stride,
                                     const std::function<void(double)>& progress,
                                     const BoundAdapter* adapter) {
  if (reference.vocab_size() != model.vocab_size()) {
    return InvalidArgument(StrCat("[eval] vocabularies of ", reference.vocab_size(), " and ",
                                  model.vocab_size(), " tokens cannot be compared"));
  }
  Divergence result;
  const auto vocab = static_cast<size_t>(model.vocab_size());
  // So many rows of the reference are kept at a time.
  constexpr size_t kPiece = 32;
  std::vector<float> rows(kPiece * vocab);
  const Status status =
      ForEachWindow(ids, context, stride, progress, [&](const Window& window) -> Status {
        PANO_ASSIGN_OR_RETURN(auto first, SequenceRunner::Create(reference, window.length));
        PANO_ASSIGN_OR_RETURN(auto second, SequenceRunner::Create(model, window.length, adapter));
        for (size_t at = 0; at < window.tokens.size(); at += kPiece) {
          const auto piece = window.tokens.subspan(at, std::min(kPiece, window.tokens.size() - at));
          const size_t from = std::min(piece.size(), std::max(window.scored_from, at) - at);
          PANO_RETURN_IF_ERROR(first.Feed(piece, from, [&](size_t i, std::span<const float> row) {
            std::copy(row.begin(), row.end(),
                      rows.begin() + static_cast<std::ptrdiff_t>(i * vocab));
          }));
          PANO_RETURN_IF_ERROR(second.Feed(piece, from, [&](size_t i, std::span<const float> row) {
            const std::span<const float> other(rows.data() + i * vocab, vocab);
            const TokenId next = ids[static_cast<size_t>(window.begin) + at + i + 1];
            result.reference.nll += NegativeLogProbability(other, next);
            result.model.nll += NegativeLogProbability(row, next);
            result.kl += KullbackLeibler(other, row);
            ++result.reference.tokens;
            ++result.model.tokens;
          }));
        }
        return {};
      });
  if (!status.ok()) return status;
  return result;
}

}  // namespace pano::nn
