#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace pano::tokenizer {

// Takes the pieces of a text in order, in batches. Confined to one thread.
class PieceSink {
 public:
  virtual ~PieceSink() = default;

  void Add(const char* begin, const char* end) {
    pieces_[count_] = {begin, static_cast<size_t>(end - begin)};
    if (++count_ == kBatch) Flush();
  }
  // Call after the last piece.
  void Flush() {
    const size_t count = count_;
    count_ = 0;
    if (count > 0) Take({pieces_.data(), count});
  }

 protected:
  static constexpr size_t kBatch = 64;
  virtual void Take(std::span<const std::string_view> pieces) = 0;

 private:
  std::array<std::string_view, kBatch> pieces_;
  size_t count_ = 0;
};

// Cuts a text where a split pattern matches, matches and what lies between apart, as the regex of
// that pattern would, in time linear in the text. Immutable, so thread-safe.
class Scanner {
 public:
  virtual ~Scanner() = default;
  // Adds the pieces of `text` (well-formed UTF-8), which together are all of it; none is empty.
  virtual void Scan(std::string_view text, PieceSink& sink) const = 0;
  // Whether every piece is a match, whatever the text.
  virtual bool covers() const { return false; }
};

using ScannerPtr = std::shared_ptr<const Scanner>;

// The scanner of a published pattern, written as tokenizer.json or as GGUF's names have it; null
// for a pattern that we have none for.
ScannerPtr FindScanner(std::string_view pattern);
// The same of a pattern that comes with a rank file.
ScannerPtr FindRankFileScanner(std::string_view pattern);

// Each scanner cuts the pieces of the one before. REQUIRES: none is null.
ScannerPtr ChainScanners(std::vector<ScannerPtr> scanners);

}  // namespace pano::tokenizer
