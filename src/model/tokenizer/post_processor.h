#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/text/field.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// The special tokens around a text or a pair of texts. A value; immutable after construction.
struct PostProcessor {
  // One element of the result: a text or a special token.
  struct Slot {
    enum class Kind { kFirst, kSecond, kToken };
    Kind kind = Kind::kFirst;
    TokenId id = 0;            // of kToken
    int32_t type_id = 0;       // "segment": which text it belongs to
  };
  using Slots = std::vector<Slot>;

  static Slot First(int32_t type_id = 0) { return {Slot::Kind::kFirst, 0, type_id}; }
  static Slot Second(int32_t type_id = 1) { return {Slot::Kind::kSecond, 0, type_id}; }
  static Slot Token(TokenId id, int32_t type_id = 0) { return {Slot::Kind::kToken, id, type_id}; }

  // Each text between the two, where they are given; of type 0 and 1.
  static PostProcessor Around(std::optional<TokenId> before, std::optional<TokenId> after);

  Slots single = {First()};
  Slots pair = {First(), Second()};
};

// From the "post_processor" of a tokenizer.json; null adds nothing. Unimplemented for a type we do not
// have. Ids are checked against `vocab_size`.
Result<PostProcessor> MakePostProcessor(const Field& field, int32_t vocab_size);

}  // namespace pano::tokenizer
