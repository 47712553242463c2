#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace pano::train {

// A language model that counts: interpolated modified Kneser-Ney (Chen & Goodman, "An empirical
// study of smoothing techniques for language modeling", 1999) over symbols 0 .. symbol_count - 1.
// The baseline that a trained model has to beat. Immutable after Train; thread-compatible.
//
//   P_k(w | h) = (c(h w) - D(c(h w))) / c(h) + gamma(h) P_{k-1}(w | h without its oldest symbol)
//
// down to the uniform distribution. The highest order counts occurrences, the lower ones count the
// different symbols seen in front. D1, D2, D3+ are estimated for each order from counts of counts.
class NgramModel {
 public:
  // Each sequence is a text with its end symbol; order - 1 start symbols are put in front of it.
  static NgramModel Train(std::span<const std::vector<int32_t>> sequences, int order,
                          int32_t symbol_count);

  int order() const { return order_; }
  // P(symbol | the last order - 1 symbols of `history`); a history shorter than that begins a text.
  double Probability(std::span<const int32_t> history, int32_t symbol) const;
  // Sum of -log2 P over every symbol of the sequence.
  double Bits(std::span<const int32_t> sequence) const;

 private:
  // Symbols as UTF-16 units: the start symbol is 0, symbol s is s + 1.
  using Key = std::u16string;
  struct KeyHash {
    size_t operator()(std::u16string_view key) const {
      return std::hash<std::u16string_view>()(key);
    }
  };
  struct Context {
    int64_t total = 0;                       // of the counts of its continuations
    std::array<int64_t, 3> continuations{};  // how many have count 1, 2, 3 or more
  };
  // The n-grams of one length and the contexts in front of their last symbols.
  struct Level {
    std::unordered_map<Key, int64_t, KeyHash> counts;
    std::unordered_map<Key, Context, KeyHash> contexts;
    std::array<double, 3> discount{};
  };
  static void Finish(Level& level);

  int order_ = 0;
  int32_t symbol_count_ = 0;
  std::vector<Level> levels_;  // [k - 1] holds the k-grams
};

// The bytes of a text as symbols, with symbol 256 at its end.
std::vector<int32_t> ByteSymbols(std::string_view text);
inline constexpr int32_t kByteSymbolCount = 257;

}  // namespace pano::train
