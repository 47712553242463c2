#include "model/train/ngram.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace pano::train {
namespace {

size_t CountClass(int64_t count) { return static_cast<size_t>(std::min<int64_t>(count, 3) - 1); }

char16_t Unit(int32_t symbol) { return static_cast<char16_t>(symbol + 1); }

}  // namespace

NgramModel NgramModel::Train(std::span<const std::vector<int32_t>> sequences, int order,
                             int32_t symbol_count) {
  PANO_CHECK(order >= 1 && symbol_count >= 1 && symbol_count < 0xFFFF);
  NgramModel model;
  model.order_ = order;
  model.symbol_count_ = symbol_count;
  model.levels_.resize(static_cast<size_t>(order));
  const auto n = static_cast<size_t>(order);
  for (const std::vector<int32_t>& sequence : sequences) {
    Key padded(n - 1, u'\0');
    for (int32_t symbol : sequence) padded.push_back(Unit(symbol));
    for (size_t i = 0; i + n <= padded.size(); ++i)
      ++model.levels_[n - 1].counts[padded.substr(i, n)];
  }
  for (size_t k = n - 1; k >= 1; --k) {
    for (const auto& [key, count] : model.levels_[k].counts)
      ++model.levels_[k - 1].counts[key.substr(1)];
  }
  for (Level& level : model.levels_) Finish(level);
  return model;
}

void NgramModel::Finish(Level& level) {
  std::array<double, 4> of_count{};  // n-grams that occur once, twice, ...
  for (const auto& [key, count] : level.counts) {
    if (count <= 4) of_count[static_cast<size_t>(count - 1)] += 1;
    Context& context = level.contexts[key.substr(0, key.size() - 1)];
    context.total += count;
    ++context.continuations[CountClass(count)];
  }
  double y = of_count[0] > 0 ? of_count[0] / (of_count[0] + 2 * of_count[1]) : 0;
  for (size_t i = 0; i < 3; ++i) {
    double above = of_count[i] > 0 ? of_count[i + 1] / of_count[i] : 0;
    double rank = static_cast<double>(i + 1);
    // Too few n-grams for an estimate: half a count is a usual choice.
    double estimate = y > 0 && above > 0 ? rank - (rank + 1) * y * above : 0.5;
    level.discount[i] = std::clamp(estimate, 0.0, rank);
  }
}

double NgramModel::Probability(std::span<const int32_t> history, int32_t symbol) const {
  const auto n = static_cast<size_t>(order_);
  Key key(n - 1, u'\0');
  size_t known = std::min(history.size(), n - 1);
  for (size_t i = 0; i < known; ++i)
    key[n - 1 - known + i] = Unit(history[history.size() - known + i]);
  key.push_back(Unit(symbol));

  double p = 1.0 / symbol_count_;
  for (size_t k = 1; k <= n; ++k) {
    const Level& level = levels_[k - 1];
    Key gram = key.substr(n - k);
    auto context = level.contexts.find(gram.substr(0, k - 1));
    if (context == level.contexts.end()) return p;  // nor is any longer one known
    const Context& c = context->second;
    double spare = 0;
    for (size_t i = 0; i < 3; ++i)
      spare += level.discount[i] * static_cast<double>(c.continuations[i]);
    double seen = 0;
    if (auto it = level.counts.find(gram); it != level.counts.end()) {
      seen = static_cast<double>(it->second) - level.discount[CountClass(it->second)];
    }
    p = (seen + spare * p) / static_cast<double>(c.total);
  }
  return p;
}

double NgramModel::Bits(std::span<const int32_t> sequence) const {
  double bits = 0;
  for (size_t i = 0; i < sequence.size(); ++i) {
    bits -= std::log2(Probability(sequence.subspan(0, i), sequence[i]));
  }
  return bits;
}

std::vector<int32_t> ByteSymbols(std::string_view text) {
  std::vector<int32_t> symbols;
  symbols.reserve(text.size() + 1);
  for (char byte : text) symbols.push_back(static_cast<unsigned char>(byte));
  symbols.push_back(256);
  return symbols;
}

}  // namespace pano::train
