#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/format/gguf_write.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// A vocabulary on its way from a Hugging Face folder into a GGUF file.
struct HfVocabulary {
  json::Value tokenizer;       // tokenizer.json
  json::Value config;          // tokenizer_config.json, may be null
  std::string chat_template;   // "" = none
  int64_t rows = 0;            // of the embedding: the vocabulary is filled up to them
  std::optional<TokenId> bos;  // what config.json says, where tokenizer_config.json names none
  std::vector<TokenId> end;    // all that end an answer, the first is eos
};

// The tokenizer.* keys: model "gpt2" for byte-level BPE with the `pre` that splits the same way,
// "llama" for BPE with byte fallback, whose merges become scores. Unimplemented, by name, for what
// GGUF has no words for; texts of all kinds are encoded both ways before the answer is given.
Result<std::vector<format::GgufEntry>> ToGgufVocabulary(const HfVocabulary& vocabulary);

struct HfTokenizerFiles {
  json::Value tokenizer;  // tokenizer.json; null where the file has no vocabulary
  json::Value config;     // tokenizer_config.json
};
// The way back, from GGUF metadata; checked likewise.
Result<HfTokenizerFiles> ToHfTokenizer(const json::Value& metadata);

// Unimplemented, naming a text, when the two do not give the same ids.
Status CheckSameIds(const Tokenizer& a, const Tokenizer& b);

}  // namespace pano::tokenizer
