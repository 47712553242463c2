#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pano::tokenizer {

struct CountedWord {
  std::string_view text;
  uint64_t count = 0;
};

// Distinct words with how often each was added. Owns their bytes, which stay where they are for as
// long as the table lives, moved or not. Thread-compatible.
class WordTable {
 public:
  // `seed` decides where words lie, so that no text can be made to collide.
  explicit WordTable(uint64_t seed) : seed_(seed), slots_(1 << 10, 0) {}

  void Add(std::string_view word, uint64_t count = 1);

  const std::vector<CountedWord>& words() const { return words_; }  // in the order of their first use
  // What all this holds in memory, about.
  size_t bytes() const {
    return chunk_bytes_ + words_.capacity() * sizeof(CountedWord) +
           (slots_.size() + hashes_.capacity()) * sizeof(uint32_t);
  }

 private:
  uint64_t Hash(std::string_view word) const;
  std::string_view Store(std::string_view word);
  void Grow();

  const uint64_t seed_;
  std::vector<CountedWord> words_;
  std::vector<uint32_t> hashes_;   // by word: the upper half of its hash
  std::vector<uint32_t> slots_;    // open addressing, a power of two: index into words_ + 1, 0 = free
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t chunk_bytes_ = 0;
  char* free_ = nullptr;           // of the last chunk
  size_t free_bytes_ = 0;
};

}  // namespace pano::tokenizer
