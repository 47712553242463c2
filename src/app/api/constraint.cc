#include "app/api/constraint.h"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>

#include "app/api/fields.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using constraints::Kind;
using constraints::Source;
using json::Value;

constexpr int64_t kChoicesMax = 1 << 20;  // what a body can hold is fewer

constexpr auto kFields = std::to_array<Field>({
    {"response_format", FieldType::kObject, 0, 0, 0, false,
     "{\"type\": \"text\"}, {\"type\": \"json_object\"}, or {\"type\": \"json_schema\", \"json_schema\": "
     "{\"name\", \"schema\"}}: the answer is JSON of the schema.",
     nullptr, "ResponseFormat"},
    {"structured_outputs", FieldType::kObject, 0, 0, 0, false,
     "One of json, regex, choice, grammar and json_object: what the answer must be, as vLLM has it.", nullptr,
     "StructuredOutputs"},
    {"guided_json", FieldType::kAny, 0, 0, 0, false,
     "A JSON Schema, as an object or as text: the answer is JSON of it.", nullptr},
    {"guided_regex", FieldType::kString, 0, kAnyBytes, 0, false,
     "A regular expression that the whole answer matches.", nullptr},
    {"guided_choice", FieldType::kArray, 0, 0, kChoicesMax, false, "The answer is one of these texts.",
     nullptr},
    {"guided_grammar", FieldType::kString, 0, kAnyBytes, 0, false,
     "A grammar in GBNF that the answer follows.", nullptr},
    {"grammar", FieldType::kString, 0, kAnyBytes, 0, false, "The same, as llama.cpp names it.", nullptr},
    {"json_schema", FieldType::kAny, 0, 0, 0, false, "A JSON Schema, as llama.cpp names it.", nullptr},
});

constexpr auto kResponseFormat = std::to_array<Field>({
    {"type", FieldType::kString, 1, 64, 0, true, "\"text\", \"json_object\" or \"json_schema\".", nullptr},
    {"json_schema", FieldType::kObject, 0, 0, 0, false,
     "\"name\" (1 to 64 of a-z, A-Z, 0-9, _ and -), \"schema\", \"description\", \"strict\": the schema is followed "
     "whether it is strict or not.",
     nullptr},
    {"schema", FieldType::kAny, 0, 0, 0, false, "The schema without the object around it, as llama.cpp takes it.",
     nullptr},
    {"value", FieldType::kAny, 0, 0, 0, false,
     "The schema of \"json_object\" or \"json\", the expression of \"regex\", as Text Generation Inference takes them.", nullptr},
});

constexpr auto kStructuredOutputs = std::to_array<Field>({
    {"json", FieldType::kAny, 0, 0, 0, false, "A JSON Schema, as an object or as text.", nullptr},
    {"regex", FieldType::kString, 0, kAnyBytes, 0, false, "The whole answer matches it.", nullptr},
    {"choice", FieldType::kArray, 0, 0, kChoicesMax, false, "The answer is one of these texts.", nullptr},
    {"grammar", FieldType::kString, 0, kAnyBytes, 0, false, "A grammar in GBNF.", nullptr},
    {"json_object", FieldType::kBool, 0, 0, 0, false, "Any JSON object.", nullptr},
});

// What others know beside these. They would change the answer, so they are refused rather than not looked at.
constexpr auto kUnsupported = std::to_array<std::string_view>({
    "guided_whitespace_pattern", "guided_json_object", "structural_tag", "grammar_lazy", "grammar_triggers"});

bool AsksForNothing(const Value& value) {
  return value.is_null() || (value.is_bool() && !value.as_bool()) ||
         (value.is_string() && value.as_string().empty()) ||
         (value.is_array() && value.as_array().empty());
}

Status Unsupported(std::string_view field) {
  return BadField(field, StrCat("'", field, "' is not supported here, and without it the answer would be another"))
      .WithReason("unsupported_option");
}

// A schema as an object, true or false, or as the text of one.
Result<Source> ReadSchema(const Value& schema, std::string_view field) {
  if (schema.is_object() || schema.is_bool()) return JsonSchemaSource(schema, std::string(field));
  if (schema.is_string()) {
    return Source{.kind = Kind::kJsonSchema, .text = schema.as_string(), .field = std::string(field)};
  }
  return BadField(field, StrCat("'", field, "' must be a JSON Schema, not ", schema.kind()));
}

Result<Source> ReadText(const Value& text, Kind kind, std::string_view field) {
  if (!text.is_string()) return BadField(field, StrCat("'", field, "' must be a string, not ", text.kind()));
  return Source{.kind = kind, .text = text.as_string(), .field = std::string(field)};
}

Result<Source> ReadChoice(const Value& choices, std::string_view field) {
  if (!choices.is_array() || choices.as_array().empty()) {
    return BadField(field, StrCat("'", field, "' must be a list of at least one string"));
  }
  for (const Value& choice : choices.as_array()) {
    if (!choice.is_string()) {
      return BadField(field, StrCat("'", field, "' must be a list of strings, and has ", choice.kind()));
    }
  }
  return Source{.kind = Kind::kChoice, .text = json::Dump(choices), .field = std::string(field)};
}

// OpenAI: 1 to 64 of letters, digits, "_" and "-".
Status CheckName(const Value* name) {
  constexpr std::string_view kField = "response_format.json_schema.name";
  constexpr size_t kNameMax = 64;
  if (!name || !name->is_string()) return BadField(kField, StrCat("'", kField, "' is missing or no string"));
  const std::string& text = name->as_string();
  const bool good = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (good && !text.empty() && text.size() <= kNameMax) return {};
  return BadField(kField, StrCat("'", kField, "' must be 1 to ", kNameMax, " of a-z, A-Z, 0-9, _ and -"));
}

Result<Source> ReadJsonSchemaFormat(const Value& format) {
  constexpr std::string_view kField = "response_format.json_schema";
  // llama.cpp's servers also take the schema without the object around it.
  const Value* inner = format.Find("json_schema");
  if (const Value* bare = format.Find("schema"); bare && !bare->is_null() && (!inner || inner->is_null())) {
    return ReadSchema(*bare, "response_format.schema");
  }
  if (!inner || !inner->is_object()) {
    return BadField(kField, StrCat("'", kField, "' must be an object with a name and a schema"));
  }
  for (const auto& [key, value] : inner->as_object()) {
    if (key == "name" || key == "schema" || key == "description" || key == "strict" || AsksForNothing(value)) continue;
    return Unsupported(StrCat(kField, ".", Printable(key)));
  }
  PANO_RETURN_IF_ERROR(CheckName(inner->Find("name")));
  const Value* strict = inner->Find("strict");
  if (strict && !strict->is_null() && !strict->is_bool()) {
    return BadField(StrCat(kField, ".strict"), StrCat("'", kField, ".strict' must be true or false"));
  }
  const Value* schema = inner->Find("schema");
  if (!schema || schema->is_null()) return JsonObjectSource(std::string(kField));
  return ReadSchema(*schema, StrCat(kField, ".schema"));
}

Result<std::optional<Source>> ReadResponseFormat(const Value& format) {
  constexpr std::string_view kField = "response_format";
  if (!format.is_object()) return BadField(kField, StrCat("'", kField, "' must be an object, not ", format.kind()));
  const Value* type = format.Find("type");
  if (!type || !type->is_string()) {
    return BadField(kField, "'response_format' needs a \"type\", a string");
  }
  if (type->as_string() == "text") return std::optional<Source>();
  const bool object = type->as_string() == "json_object";
  for (const auto& [key, member] : format.as_object()) {
    const bool known = key == "type" || key == "schema" || (key == "json_schema" && type->as_string() == "json_schema") ||
                       (key == "value" && type->as_string() != "json_schema");
    if (!known && !AsksForNothing(member)) return Unsupported(StrCat(kField, ".", Printable(key)));
  }
  // llama.cpp's servers take a schema here, too; Text Generation Inference and its clients call it, and an
  // expression, a value.
  if (object || type->as_string() == "json") {
    for (const char* key : {"schema", "value"}) {
      const Value* schema = format.Find(key);
      if (!schema || schema->is_null()) continue;
      PANO_ASSIGN_OR_RETURN(Source source, ReadSchema(*schema, StrCat(kField, ".", key)));
      return std::optional<Source>(std::move(source));
    }
    if (object) return std::optional<Source>(JsonObjectSource(std::string(kField)));
    return BadField("response_format.value", "'response_format.value' must be a JSON Schema");
  }
  if (type->as_string() == "regex") {
    const Value* text = format.Find("value");
    if (!text || !text->is_string()) {
      return BadField("response_format.value", "'response_format.value' must be a regular expression");
    }
    PANO_ASSIGN_OR_RETURN(Source source, ReadText(*text, Kind::kRegex, "response_format.value"));
    return std::optional<Source>(std::move(source));
  }
  if (type->as_string() == "json_schema") {
    PANO_ASSIGN_OR_RETURN(Source source, ReadJsonSchemaFormat(format));
    return std::optional<Source>(std::move(source));
  }
  return BadField(kField,
                  StrCat("'response_format.type' must be text, json_object, json_schema, json or regex, not '",
                         Printable(type->as_string()), "'"))
      .WithReason("unsupported_option");
}

Result<std::optional<Source>> ReadStructuredOutputs(const Value& outputs) {
  if (!outputs.is_object()) {
    return BadField("structured_outputs", StrCat("'structured_outputs' must be an object, not ", outputs.kind()));
  }
  std::optional<Source> found;
  for (const auto& [key, value] : outputs.as_object()) {
    if (AsksForNothing(value)) continue;
    const std::string field = StrCat("structured_outputs.", Printable(key));
    Result<Source> read = Unsupported(field);
    if (key == "json") read = ReadSchema(value, field);
    if (key == "regex") read = ReadText(value, Kind::kRegex, field);
    if (key == "choice") read = ReadChoice(value, field);
    if (key == "grammar") read = ReadText(value, Kind::kGbnf, field);
    if (key == "json_object") {
      read = value.is_bool() ? Result<Source>(JsonObjectSource(field))
                             : BadField(field, StrCat("'", field, "' must be true or false"));
    }
    if (key == "disable_fallback" && value.is_bool()) continue;  // there is one way to do it, and no other
    if (!read.ok()) return read.error();
    if (found) {
      return BadField("structured_outputs", StrCat("'", found->field, "' and '", field, "' are both given: one is allowed"));
    }
    found = *std::move(read);
  }
  return found;
}

Result<std::optional<Source>> ReadOne(std::string_view name, const Value& value) {
  if (name == "response_format") return ReadResponseFormat(value);
  if (name == "structured_outputs") return ReadStructuredOutputs(value);
  Result<Source> read = [&]() -> Result<Source> {
    if (name == "guided_regex") return ReadText(value, Kind::kRegex, name);
    if (name == "guided_choice") return ReadChoice(value, name);
    if (name == "guided_grammar" || name == "grammar") return ReadText(value, Kind::kGbnf, name);
    return ReadSchema(value, name);
  }();
  if (!read.ok()) return read.error();
  return std::optional<Source>(*std::move(read));
}

}  // namespace

std::span<const Field> ConstraintFields() { return kFields; }

const BodySchema& ResponseFormatBody() {
  static const BodySchema body{JoinFields({kResponseFormat})};
  return body;
}

const BodySchema& StructuredOutputsBody() {
  static const BodySchema body{JoinFields({kStructuredOutputs})};
  return body;
}

constraints::Source JsonObjectSource(std::string field) {
  return {.kind = Kind::kJsonObject, .text = "", .field = std::move(field)};
}

constraints::Source JsonSchemaSource(const json::Value& schema, std::string field) {
  return {.kind = Kind::kJsonSchema, .text = json::Dump(schema), .field = std::move(field)};
}

Result<std::optional<constraints::Source>> ReadConstraint(const json::Value& body) {
  for (const std::string_view name : kUnsupported) {
    const Value* value = body.Find(name);
    if (value && !AsksForNothing(*value)) return Unsupported(name);
  }
  std::optional<Source> found;
  for (const Field& field : kFields) {
    const Value* value = body.Find(field.name);
    if (!value || AsksForNothing(*value)) continue;
    PANO_ASSIGN_OR_RETURN(std::optional<Source> read, ReadOne(field.name, *value));
    if (!read) continue;
    if (found) {
      return BadField(field.name, StrCat("'", found->field, "' and '", read->field,
                                         "' both say what the answer must be: one is allowed"))
          .WithReason("contradiction");
    }
    found = std::move(read);
  }
  return found;
}

void WithGrammar(Context& context, const CallPtr& call, const models::GeneratorPtr& version,
                 std::optional<constraints::Source> source, std::function<void(GrammarPtr)> then) {
  if (!source) return then(nullptr);
  const constraints::VocabularyPtr& vocabulary = source->marks ? version->chat_grammars : version->grammars;
  if (!vocabulary) {
    return call->Fail(BadField(source->field, StrCat("'", source->field, "' needs text, and this model has no tokenizer"))
                          .WithReason("no_tokenizer"));
  }
  // It holds the whole request, so it is not copied.
  auto shared = std::make_shared<std::function<void(GrammarPtr)>>(std::move(then));
  auto go_on = [call, version, then = std::move(shared)](Result<GrammarPtr> grammar) {
    if (call->client_gone()) return call->Record(499);
    if (!grammar.ok()) return call->Fail(Refused(grammar.error(), *version));
    try {
      (*then)(*std::move(grammar));
    } catch (const std::bad_alloc&) {
      call->Fail(OutOfMemory());
    }
  };
  if (auto known = context.grammars.Find(*vocabulary, *source)) return go_on(*std::move(known));
  call->after_handler = [&context, call, vocabulary, source = *std::move(source), go_on = std::move(go_on)] {
    context.grammars.Compile(vocabulary, source,
                             {.tenant = call->principal.tenant,
                              .gone = [call] { return call->client_gone(); },
                              .done = [&context, go_on](Result<GrammarPtr> grammar) {
                                context.work.SubmitAdmitted(0, [go_on, grammar = std::move(grammar)] { go_on(grammar); });
                              }});
  };
}

}  // namespace pano::api
