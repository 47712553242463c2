#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// Turns one pre-token, already normalised, into ids. Immutable, so thread-safe.
class Model {
 public:
  virtual ~Model() = default;
  // Appends to `ids`. `piece` is well-formed UTF-8 and not empty.
  virtual Status Encode(std::string_view piece, std::vector<TokenId>& ids) const = 0;
};

}  // namespace pano::tokenizer
