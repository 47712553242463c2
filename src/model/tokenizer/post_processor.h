#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/field.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// The special tokens around a text. A value; immutable after construction.
struct PostProcessor {
  std::vector<TokenId> before;
  std::vector<TokenId> after;
};

// From the "post_processor" of a tokenizer.json, as far as it concerns a single text; null adds
// nothing. Unimplemented for a type we do not have. Ids are checked against `vocab_size`.
Result<PostProcessor> MakePostProcessor(const Field& field, int32_t vocab_size);

}  // namespace pano::tokenizer
