#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/api/context.h"
#include "app/api/schema.h"
#include "app/constraints/source.h"
#include "app/constraints/vocabulary.h"
#include "base/json.h"

namespace pano::api {

// The fields by which a request says what its output must be: OpenAI's "response_format", vLLM's
// "structured_outputs" and "guided_json", "guided_regex", "guided_choice", "guided_grammar", llama.cpp's "grammar" and
// "json_schema".
std::span<const Field> ConstraintFields();
// Two of them are objects; as /openapi.json shows them.
const BodySchema& ResponseFormatBody();
const BodySchema& StructuredOutputsBody();

// What they say together; nothing where the output is free. InvalidArgument with the field: one that is malformed, one
// of their options that is not supported, or two that ask for different things.
Result<std::optional<constraints::Source>> ReadConstraint(const json::Value& body);

// For dialects with fields of their own. `field` is what errors are about.
constraints::Source JsonObjectSource(std::string field);
constraints::Source JsonSchemaSource(const json::Value& schema, std::string field);

using GrammarPtr = constraints::GrammarPtr;

// Calls `then` with the source's grammar for the model, null where there is no source; a source that is refused is
// the call's failure. At once where nothing is to be compiled; else a thread of the work pool calls it, after the handler
// has returned: what `then` needs of the call's body has to be read before. A handler calls this once, as the
// last thing that it does.
void WithGrammar(Context& context, const CallPtr& call, const models::GeneratorPtr& version,
                 std::optional<constraints::Source> source, std::function<void(GrammarPtr)> then);

}  // namespace pano::api
