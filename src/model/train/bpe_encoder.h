#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/train/bpe_trainer.h"

namespace pano::train {

// Text to ids with a vocabulary that was just trained; remembers the words it has met.
// Thread-compatible; Encode is not const because of that memory.
class BpeEncoder {
 public:
  explicit BpeEncoder(const BpeVocabulary& vocabulary);

  // Appends the ids of `text`, without end tokens.
  Status Encode(std::string_view text, std::vector<int32_t>& ids);
  // The bytes of `ids`; the end token is left out.
  std::string Decode(const std::vector<int32_t>& ids) const;

 private:
  std::vector<int32_t> EncodeWord(std::string_view word) const;

  struct Rank {
    size_t rank;
    int32_t id;
  };
  std::unordered_map<uint64_t, Rank> ranks_;
  std::vector<std::string> bytes_;
  std::unordered_map<std::string, std::vector<int32_t>> known_;
};

}  // namespace pano::train
