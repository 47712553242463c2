#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/grammar/grammar.h"
#include "model/grammar/json_schema/schema_evaluator.h"

namespace pano::grammar {

// The JSON texts that are valid under a schema (draft 2020-12), as far as they are written in an
// order and with blanks that the module's README states; never one that is not valid.
//
// InvalidArgument (reason "invalid_schema" or "invalid_grammar") for what is no schema, and for one
// that nothing satisfies; Unimplemented (reason "unsupported_keyword", the field is the keyword's
// JSON pointer) for a keyword that cannot be enforced; Exhausted for a schema over the limits.
// Corruption for a text that is no JSON.
Result<Grammar> CompileJsonSchema(const json::Value& schema, const SchemaLimits& limits = {});
Result<Grammar> CompileJsonSchemaText(std::string_view text, const SchemaLimits& limits = {});

// Any JSON object.
Result<Grammar> AnyJsonObject();

}  // namespace pano::grammar
