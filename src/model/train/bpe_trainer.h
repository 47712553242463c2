#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/train/corpus.h"

namespace pano::train {

inline constexpr std::string_view kEndToken = "<|endoftext|>";
inline constexpr int32_t kEndTokenId = 0;

struct BpeMerge {
  int32_t left = 0;
  int32_t right = 0;
  int32_t id = 0;  // what the two become
};

// A byte-level BPE vocabulary: id 0 is the end token (which also begins a text), ids 1 to 256 are
// the bytes, merges make the others. A value; thread-compatible.
struct BpeVocabulary {
  std::vector<BpeMerge> merges;    // in the order of learning
  std::vector<std::string> bytes;  // what each id stands for; "" for the end token

  size_t size() const { return bytes.size(); }
};

// Learns merges from the words of `stories` until there are `vocab_size` ids or no pair occurs
// twice. The most frequent pair is merged first; among equals the one with the lower ids.
Result<BpeVocabulary> TrainBpe(const Stories& stories, size_t vocab_size);

// As a Hugging Face tokenizer.json; a text begins with the end token.
json::Value TokenizerJson(const BpeVocabulary& vocabulary);
// As tokenizer_config.json.
json::Value TokenizerConfigJson(int64_t context_length);

}  // namespace pano::train
