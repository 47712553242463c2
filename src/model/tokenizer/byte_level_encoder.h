#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/tokenizer/models/byte_bpe.h"
#include "model/tokenizer/models/model.h"
#include "model/tokenizer/split/pre_tokenizer.h"

namespace pano::tokenizer {

// A byte-level pre-tokenizer and its model in one: the same ids as one after the other, without
// writing bytes as characters in between. Immutable, so thread-safe.
class ByteLevelEncoder {
 public:
  // Null where the two cannot be joined. Both must outlive it.
  static std::unique_ptr<const ByteLevelEncoder> Join(const PreTokenizer& pre_tokenizer,
                                                      const Model& model);

  // Appends to `ids`; see Pieces for `bytes_max`.
  Status Encode(std::string_view text, size_t bytes_max, std::vector<TokenId>& ids) const;

 private:
  ByteLevelEncoder(const ByteLevelSplit& split, std::unique_ptr<const ByteBpe> bpe)
      : split_(split), bpe_(std::move(bpe)) {}

  const ByteLevelSplit& split_;
  const std::unique_ptr<const ByteBpe> bpe_;
};

}  // namespace pano::tokenizer
