#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/strings.h"
#include "model/tokenizer/models/vocabulary.h"
#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {

// tokenizer.ggml.token_type; do not renumber.
enum GgufTokenType : int64_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

// The tokenizer.ggml.* keys of a file. Borrows the metadata. Thread-compatible.
class GgufKeys {
 public:
  explicit GgufKeys(const json::Value& metadata) : root_(metadata, "") {}

  bool Has(std::string_view key) const { return root_.Has(Key(key)); }
  Field At(std::string_view key) const { return root_.At(Key(key)); }
  Result<bool> BoolOr(std::string_view key, bool fallback) const {
    return root_.BoolOr(Key(key), fallback);
  }
  // The id, or nothing where the key is absent.
  Result<std::optional<TokenId>> Id(std::string_view key, int32_t vocab_size) const {
    if (!Has(key)) return std::optional<TokenId>();
    PANO_ASSIGN_OR_RETURN(const int64_t id, At(key).Int(0, UINT32_MAX));
    // Some converters write an id of a padded vocabulary, or -1, for "none".
    if (id >= vocab_size) return std::optional<TokenId>();
    return std::optional<TokenId>(static_cast<TokenId>(id));
  }

 private:
  static std::string Key(std::string_view key) { return StrCat("tokenizer.ggml.", key); }
  Field root_;
};

struct GgufEntries {
  std::unique_ptr<Vocabulary> vocabulary = std::make_unique<Vocabulary>();
  std::vector<int64_t> types;     // by id
  std::vector<bool> usable;       // by id: what text can become by merging
};

// Entries that text never becomes need no piece of their own: a repeated one is left out.
Result<GgufEntries> ReadEntries(const GgufKeys& keys);
// By id, one for each of `count` entries.
Result<std::vector<float>> ReadScores(const GgufKeys& keys, size_t count);
// Control, unknown and user-defined entries are looked for in text.
void AddTokens(const GgufEntries& entries, PipelineParts& parts);
// bos, eos and which of them surround a text where the file does not say.
Status ReadSpecialIds(const GgufKeys& keys, bool add_bos, bool add_eos, PipelineParts& parts);

// Of the kinds "bert" and "t5".
Result<TokenizerPtr> BertFromGguf(const GgufKeys& keys);
Result<TokenizerPtr> UnigramFromGguf(const GgufKeys& keys);

}  // namespace pano::tokenizer
