#include "model/grammar/json_schema/compile_json_schema.h"

#include <utility>

#include "base/strings.h"
#include "model/grammar/grammar_builder.h"
#include "model/grammar/json_schema/json_grammar.h"

namespace pano::grammar {

Result<Grammar> CompileJsonSchema(const json::Value& schema, const SchemaLimits& limits) {
  SchemaEvaluator evaluator(schema, limits);
  GrammarBuilder builder;
  JsonGrammar grammar(evaluator, builder);
  const GrammarBuilder::Rule root = builder.DeclareRule("json");
  if (!schema.is_object() && !schema.is_bool()) {
    return InvalidArgument(
               StrCat("[schema] a schema is an object, true or false, not ", schema.kind()))
        .WithReason("invalid_schema");
  }
  builder.DefineRule(root, grammar.Value(evaluator.root()));
  PANO_RETURN_IF_ERROR(grammar.DefineRules());
  Result<Grammar> built = std::move(builder).Build(root);
  if (!built.ok() && built.error().reason() == "invalid_grammar") {
    return InvalidArgument("[schema] no value satisfies it").WithReason("invalid_schema");
  }
  return built;
}

Result<Grammar> CompileJsonSchemaText(std::string_view text, const SchemaLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return Status(StatusCode::kExhausted,
                  StrCat("[schema] ", text.size(), " bytes, at most ", limits.bytes_max));
  }
  json::ParseOptions options;
  options.depth_max = limits.depth_max;
  options.bytes_max = limits.bytes_max;
  PANO_ASSIGN_OR_RETURN(const json::Value schema, json::Parse(text, options).Wrap("[schema]"));
  return CompileJsonSchema(schema, limits);
}

Result<Grammar> AnyJsonObject() {
  json::Value schema;
  schema.Set("type", "object");
  return CompileJsonSchema(schema);
}

}  // namespace pano::grammar
