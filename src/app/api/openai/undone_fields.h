#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "app/api/schema.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api::openai {

// Fields that clients send on these routes and that no BodySchema has: OpenAI's own, and those of servers that
// speak its protocol (vLLM, SGLang, llama.cpp, Jina, Cohere). Each is named here, with what becomes of it: one that
// would change the answer is refused, the others are passed over. Fields that nobody knows are passed over, too.
struct UndoneField {
  enum class Fate : uint8_t {
    kRefused,   // 400, unless its value asks for nothing
    kPassedOver,  // it changes nothing in the answer: accounting, caching, hints
  };
  std::string_view name;
  Fate fate = Fate::kRefused;
  // What it is, or what to do in its place; goes behind "'name' is not supported here".
  std::string_view why = {};
  // Values that ask for nothing beside null, "", [] and {} (and false and 0, unless here they ask for something):
  // JSON texts, parted by a space.
  std::string_view neutral = {};
  bool zero_asks = false;
};

enum class FieldSet : uint8_t { kGeneration, kEmbeddings, kRanking, kResponses };
std::span<const UndoneField> UndoneFields(FieldSet set);

// The first field of `body` that would be ignored although it changes the answer, as InvalidArgument by its name.
// Fields that `done` has are not ignored.
Status RefuseUndone(const json::Value& body, FieldSet set, const BodySchema& done);

}  // namespace pano::api::openai
