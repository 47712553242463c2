#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/grammar/grammar_builder.h"

namespace pano::tools {

// How a value stands between tags.
struct TagValueForm {
  // The types that the reader takes it by (ArgumentTypes). With "string" alone it is text as it is; with
  // others beside, text that reads as none of them; without, or where nothing is known, it is JSON.
  std::optional<std::set<std::string>> types = {};
  std::string end = {};     // what ends it: stands nowhere within
  uint32_t indent_max = 0;  // of JSON, spaces at the beginning of a line
};

// The values that `schema` accepts, written so that ArgumentToJson reads them back. Unimplemented or
// InvalidArgument for a schema that cannot be enforced, Exhausted for one beyond the limits; `builder` may
// then have rules that are not defined.
Result<grammar::GrammarBuilder::Expr> WriteTagValue(grammar::GrammarBuilder& builder,
                                                    const json::Value& schema, const TagValueForm& form);

}  // namespace pano::tools
