#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/tokenizer/models/byte_bpe.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

// Turns one pre-token, already normalised, into ids. Immutable, so thread-safe.
class Model {
 public:
  virtual ~Model() = default;
  // Appends to `ids`. `piece` is well-formed UTF-8 and not empty.
  virtual Status Encode(std::string_view piece, std::vector<TokenId>& ids) const = 0;
  // The same for pieces of raw bytes, where this model takes bytes written as characters; null for
  // models that cannot. What is returned must not outlive the model.
  virtual std::unique_ptr<const ByteBpe> ForBytes() const { return nullptr; }
  // As Encode, for text in which no control token may come out: `special` says by id which those are.
  // (Merges never build one, but a model that looks text up in its vocabulary finds them.)
  virtual Status EncodePlain(std::string_view piece, const std::vector<bool>& special,
                             std::vector<TokenId>& ids) const {
    static_cast<void>(special);
    return Encode(piece, ids);
  }
};

}  // namespace pano::tokenizer
