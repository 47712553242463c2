#include "model/tokenizer/train/word_table.h"

#include <algorithm>
#include <cstring>

namespace pano::tokenizer {
namespace {

constexpr size_t kChunkBytes = 1 << 18;

uint64_t Mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

// Eight bytes at a time, each folded in by a 64 x 64 -> 128 bit product.
uint64_t WordTable::Hash(std::string_view word) const {
  uint64_t hash = seed_ ^ word.size();
  while (word.size() >= 8) {
    uint64_t part;
    std::memcpy(&part, word.data(), 8);
    hash = Mix(hash ^ part, 0x9e3779b97f4a7c15ull ^ seed_);
    word.remove_prefix(8);
  }
  uint64_t part = 0;
  std::memcpy(&part, word.data(), word.size());
  return Mix(hash ^ part, 0xd6e8feb86659fd93ull);
}

void WordTable::Add(std::string_view word, uint64_t count) {
  if ((words_.size() + 1) * 2 > slots_.size()) Grow();
  const uint64_t hash = Hash(word);
  const auto upper = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t slot = upper & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      words_.push_back({Store(word), count});
      hashes_.push_back(upper);
      slots_[slot] = static_cast<uint32_t>(words_.size());
      return;
    }
    const size_t index = slots_[slot] - 1;
    if (hashes_[index] == upper && words_[index].text == word) {
      words_[index].count += count;
      return;
    }
  }
}

std::string_view WordTable::Store(std::string_view word) {
  if (word.size() > free_bytes_) {
    const size_t bytes = std::max(word.size(), kChunkBytes);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    chunk_bytes_ += bytes;
    free_ = chunks_.back().get();
    free_bytes_ = bytes;
  }
  std::memcpy(free_, word.data(), word.size());
  const std::string_view stored(free_, word.size());
  free_ += word.size();
  free_bytes_ -= word.size();
  return stored;
}

void WordTable::Grow() {
  slots_.assign(slots_.size() * 2, 0);
  const size_t mask = slots_.size() - 1;
  for (size_t index = 0; index < words_.size(); ++index) {
    size_t slot = hashes_[index] & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(index + 1);
  }
}

}  // namespace pano::tokenizer
