#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "model/grammar/grammar.h"

namespace pano::constraints {

enum class Kind : uint8_t {
  kJsonObject,  // any JSON object
  kJsonSchema,  // a JSON text that is valid under the schema in `text`
  kRegex,       // a text that matches as a whole
  kChoice,      // one of the texts of the JSON array in `text`
  kGbnf,        // llama.cpp's notation
  kBuilt,       // what `build` makes
};
const char* KindName(Kind kind);  // "json_object", ...

// What an output must be, as a request says it. A value.
struct Source {
  Kind kind = Kind::kJsonObject;
  std::string text = {};   // kBuilt: names, within one vocabulary, what `build` makes
  std::string field = {};  // of the request, for what errors say; other fields share a compiled grammar
  std::function<Result<grammar::Grammar>()> build = {};
  // For the vocabulary in which control tokens that are a chat's marks are text.
  bool marks = false;
};

// The grammar of a source. InvalidArgument: what is wrong with it, with the place in the text, or the limit
// that it is beyond (reason "grammar_too_large").
Result<grammar::Grammar> BuildGrammar(const Source& source);

}  // namespace pano::constraints
