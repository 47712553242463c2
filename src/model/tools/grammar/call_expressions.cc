#include "model/tools/grammar/call_expressions.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "model/grammar/json_schema/compile_json_schema.h"
#include "model/grammar/json_schema/json_grammar.h"
#include "model/tools/argument_value.h"
#include "model/tools/grammar/tag_value.h"
#include "model/tools/grammar/text_without.h"
#include "model/tools/literal.h"

namespace pano::tools {
namespace {

using json::Value;
using Kind = CallStep::Kind;

constexpr uint32_t kBlanksMax = 8;
constexpr uint32_t kIdCharactersMax = 40;
// A small model that may indent does not stop.
constexpr uint32_t kIndentMax = 32;

Value AnyObject() {
  Value schema;
  schema.Set("type", "object");
  return schema;
}

// A function's schema as its arguments are held to: an object, of the named properties unless it says
// more about others.
Value ArgumentSchemaOf(const Tool& tool) {
  Value schema = tool.parameters;
  if (schema.is_null()) {
    schema = AnyObject();
    schema.Set("additionalProperties", false);
    return schema;
  }
  if (!schema.Find("type")) schema.Set("type", "object");
  for (const char* key : {"additionalProperties", "patternProperties", "unevaluatedProperties", "$ref",
                          "allOf", "anyOf", "oneOf", "if", "propertyNames", "minProperties"}) {
    if (schema.Find(key)) return schema;
  }
  if (schema.Find("properties")) schema.Set("additionalProperties", false);
  return schema;
}

// A part of a schema, with what its references point to.
Value WithDefinitions(const Value& root, const Value& part) {
  Value out = part;
  if (!out.is_object()) return out;
  for (const char* key : {"$defs", "definitions"}) {
    const Value* defs = root.Find(key);
    if (defs && !out.Find(key)) out.Set(key, *defs);
  }
  return out;
}

bool IsRequired(const Tool& tool, const std::string& name) {
  const Value* required = tool.parameters.Find("required");
  if (!required || !required->is_array()) return false;
  return std::any_of(required->as_array().begin(), required->as_array().end(),
                     [&](const Value& one) { return one.is_string() && one.as_string() == name; });
}

// The texts of an enum that has nothing else; empty: there is none.
std::vector<std::string> TextsOf(const Value& schema) {
  std::vector<std::string> out;
  const Value* values = schema.Find("enum");
  if (!values || !values->is_array()) return out;
  for (const Value& one : values->as_array()) {
    if (!one.is_string()) return {};
    out.push_back(one.as_string());
  }
  return out;
}

// What holds an object as a whole is not kept where each argument is written by itself: it is named, unless
// it says nothing. Unimplemented.
Status CheckTagged(const Tool& tool) {
  const Value& schema = tool.parameters;
  const Value* properties = schema.Find("properties");
  const size_t names = properties && properties->is_object() ? properties->as_object().size() : 0;
  const Value* required = schema.Find("required");
  const size_t needed = required && required->is_array() ? required->as_array().size() : 0;
  auto refuse = [](std::string_view keyword, std::string_view why) {
    return Status(StatusCode::kUnimplemented, StrCat("'", keyword, "' cannot be enforced: ", why))
        .WithReason("unsupported_keyword");
  };
  for (const char* keyword : {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "dependentRequired",
                              "dependentSchemas", "dependencies", "patternProperties", "propertyNames"}) {
    if (schema.Find(keyword)) return refuse(keyword, "the model writes each argument by itself");
  }
  auto bound = [&schema](const char* keyword) -> std::optional<double> {
    const Value* value = schema.Find(keyword);
    return value && value->is_number() ? std::optional(value->as_double()) : std::nullopt;
  };
  if (bound("minProperties").value_or(0) > static_cast<double>(needed)) {
    return refuse("minProperties", "the model writes each argument by itself");
  }
  if (const auto most = bound("maxProperties"); most && (names == 0 || *most < static_cast<double>(names))) {
    return refuse("maxProperties", "the model writes each argument by itself");
  }
  for (size_t i = 0; i < needed; ++i) {
    const Value& name = required->as_array()[i];
    if (!name.is_string() || (properties && properties->Find(name.as_string()))) continue;
    return refuse("required", StrCat("'", Printable(name.as_string(), 80), "' is not among the properties"));
  }
  return {};
}

const json::Object& PropertiesOf(const Tool& tool) {
  static const json::Object none;
  const Value* properties = tool.parameters.Find("properties");
  return properties && properties->is_object() ? properties->as_object() : none;
}

std::string Quoted(std::string_view text) {
  std::string out;
  json::AppendQuoted(out, text);
  return out;
}

std::string PlaceOf(const Tool& tool) { return StrCat("the parameters of '", tool.name, "'"); }

}  // namespace

CallExpressions::Expr CallExpressions::Blanks() {
  if (!blanks_) {
    blanks_ = builder_.DeclareRule("blanks");
    builder_.DefineRule(*blanks_, builder_.Repeat(builder_.CharClass({{' ', ' '}, {'\n', '\n'}}), 0,
                                                  kBlanksMax));
  }
  return builder_.Reference(*blanks_);
}

CallExpressions::Expr CallExpressions::Text(std::vector<std::string> without) {
  return builder_.Automaton(TextWithout(without));
}

CallExpressions::Expr CallExpressions::TextThatIsNoCall(const std::vector<CallStep>& steps,
                                                        const Tools& tools,
                                                        std::vector<std::string> without) {
  Beginning beginning;
  if (steps[0].kind == Kind::kPython) {
    beginning.parts = {"["};
    beginning.end = "(";
  } else {
    beginning.parts = {"{", Quoted(steps[0].name_key), ":", "\""};
    beginning.end = "\"";
  }
  for (const Tool& tool : tools) beginning.names.push_back(tool.name);
  return builder_.Automaton(TextNotBeginning(beginning, without));
}

Result<CallExpressions::Expr> CallExpressions::JsonValue(const json::Value& schema,
                                                         std::string_view place) {
  const Value any = AnyObject();
  const Value* wanted = &schema;
  if (lenient_) {
    // Tried apart: what fails halfway leaves rules behind.
    if (!grammar::CompileJsonSchema(schema).ok()) wanted = &any;
  }
  grammar::SchemaEvaluator evaluator(*wanted, grammar::SchemaLimits());
  grammar::JsonGrammar writer(evaluator, builder_, kIndentMax);
  const Expr value = writer.Value(evaluator.root());
  if (Status status = writer.DefineRules(); !status.ok()) return status.Wrap(place);
  return value;
}

Result<CallExpressions::Expr> CallExpressions::Arguments(const Tool& tool) {
  if (!lenient_ || !tool.strict) return JsonValue(ArgumentSchemaOf(tool), PlaceOf(tool));
  // What is strict is not weakened.
  CallExpressions strict(builder_, /*lenient=*/false);
  return strict.JsonValue(ArgumentSchemaOf(tool), PlaceOf(tool));
}

CallExpressions::Expr CallExpressions::Members(const std::vector<std::pair<Expr, bool>>& members,
                                               Expr separator) {
  // From the last one back: what may follow where nothing was written yet, and where something was.
  Expr first = builder_.Empty(), more = builder_.Empty();
  for (size_t i = members.size(); i-- > 0;) {
    const auto [member, required] = members[i];
    const Expr begins = builder_.Sequence({member, more});
    const Expr follows = builder_.Sequence({separator, member, more});
    first = required ? begins : builder_.Choice({begins, first});
    more = required ? follows : builder_.Choice({follows, more});
    // Kept as rules: each is used twice, and would double in size with every member.
    const auto first_rule = builder_.DeclareRule("members");
    builder_.DefineRule(first_rule, first);
    first = builder_.Reference(first_rule);
    const auto more_rule = builder_.DeclareRule("more-members");
    builder_.DefineRule(more_rule, more);
    more = builder_.Reference(more_rule);
  }
  return first;
}

Result<CallExpressions::Expr> CallExpressions::Object(const CallStep& step, const Tool& tool) {
  PANO_ASSIGN_OR_RETURN(const Expr arguments, Arguments(tool));
  const Expr colon = builder_.Sequence({Blanks(), builder_.Literal(":"), Blanks()});
  if (step.form == ObjectForm::kKeyed) {
    return builder_.Sequence({builder_.Literal("{"), Blanks(), builder_.Literal(Quoted(tool.name)), colon,
                              arguments, Blanks(), builder_.Literal("}")});
  }
  std::vector<Expr> parts = {builder_.Literal("{"), Blanks()};
  const Expr comma = builder_.Sequence({Blanks(), builder_.Literal(","), Blanks()});
  if (!step.id_key.empty()) {
    const Expr digits = builder_.Repeat(builder_.CharClass({{'0', '9'}}), 1, 4);
    parts.insert(parts.end(), {builder_.Literal(Quoted(step.id_key)), colon, builder_.Literal("\""),
                               digits, builder_.Literal("\""), comma});
  }
  parts.insert(parts.end(),
               {builder_.Literal(Quoted(step.name_key)), colon, builder_.Literal(Quoted(tool.name)),
                comma, builder_.Literal(Quoted(step.arguments_key)), colon, arguments, Blanks(),
                builder_.Literal("}")});
  return builder_.Sequence(parts);
}

// Of a schema that cannot be enforced: its type alone.
Result<CallExpressions::Expr> CallExpressions::LooseTagValue(const Value& schema,
                                                             const TagValueForm& form) {
  std::vector<Expr> choices;
  for (const std::string& text : TextsOf(schema)) {
    if (text.find(form.end) == std::string::npos) choices.push_back(builder_.Literal(text));
  }
  if (!choices.empty()) return builder_.Choice(choices);
  if (form.types && form.types->contains("string")) return Text({form.end});
  Value types{json::Object()};
  if (form.types) types.Set("type", Value(json::Array(form.types->begin(), form.types->end())));
  return WriteTagValue(builder_, types, form);
}

Result<CallExpressions::Expr> CallExpressions::TagValue(const TagForm& tags, const Tool& tool,
                                                        const Value& schema, TagValueForm form,
                                                        const std::string& place) {
  form.end = tags.value_end;
  form.indent_max = kIndentMax;
  const Value whole = WithDefinitions(tool.parameters, schema);
  std::vector<Expr> parts;
  if (tags.own_lines) parts.push_back(builder_.Literal("\n"));
  // Tried apart: what fails halfway leaves rules behind.
  grammar::GrammarBuilder trial;
  if (lenient_ && !tool.strict && !WriteTagValue(trial, whole, form).ok()) {
    PANO_ASSIGN_OR_RETURN(parts.emplace_back(), LooseTagValue(schema, form));
  } else {
    PANO_ASSIGN_OR_RETURN(parts.emplace_back(), WriteTagValue(builder_, whole, form).Wrap(place));
  }
  if (tags.own_lines) parts.push_back(builder_.Literal("\n"));
  parts.push_back(builder_.Literal(tags.value_end));
  return builder_.Sequence(parts);
}

Result<CallExpressions::Expr> CallExpressions::Tags(const TagForm& tags, const Tool& tool) {
  if (!lenient_ || tool.strict) PANO_RETURN_IF_ERROR(CheckTagged(tool).Wrap(PlaceOf(tool)));
  std::vector<std::pair<Expr, bool>> members;
  for (const auto& [name, schema] : PropertiesOf(tool)) {
    if (name.find(tags.key_end) != std::string::npos) continue;  // cannot be written
    TagValueForm form{.types = ArgumentTypes(tool.parameters, schema)};
    std::vector<Expr> parts = {builder_.Literal(tags.key_begin + name + tags.key_end)};
    if (!tags.tag_end.empty()) {
      // DSML alone says what a value is; others go by the schema.
      const bool says = tags.key_begin.find("DSML") != std::string::npos;
      const bool text_only = TakesTextOnly(tool.parameters, schema);
      parts.push_back(builder_.Literal(
          StrCat(!says ? "" : text_only ? " string=\"true\"" : " string=\"false\"", tags.tag_end)));
      if (says && !text_only) form.types.reset();  // JSON
    }
    if (!tags.value_begin.empty()) {
      parts.push_back(Blanks());
      parts.push_back(builder_.Literal(tags.value_begin));
    }
    PANO_ASSIGN_OR_RETURN(parts.emplace_back(), TagValue(tags, tool, schema, std::move(form),
                                                         StrCat(PlaceOf(tool), ", '", name, "'")));
    members.emplace_back(builder_.Sequence(parts), IsRequired(tool, name));
  }
  Expr all = Members(members, Blanks());
  if (!tool.parameters.is_null() && !tool.parameters.Find("properties")) {
    PANO_ASSIGN_OR_RETURN(all, TagsOfAnyName(tags, tool));
  }
  return builder_.Sequence({Blanks(), all, Blanks(), builder_.Literal(tags.close)});
}

// Any object: arguments of any name. What is said of them the reader does not look at, so that text under
// a schema is JSON.
Result<CallExpressions::Expr> CallExpressions::TagsOfAnyName(const TagForm& tags, const Tool& tool) {
  const Expr name =
      builder_.Repeat(builder_.CharClass({{'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {'_', '_'}}), 1, 64);
  const Value* others = tool.parameters.Find("additionalProperties");
  const bool said = others && others->is_object() && !others->as_object().empty();
  Value text;
  text.Set("type", "string");
  TagValueForm form;
  if (!said) form.types = {"string"};
  PANO_ASSIGN_OR_RETURN(const Expr value, TagValue(tags, tool, said ? *others : text, std::move(form),
                                                   StrCat(PlaceOf(tool), ", additionalProperties")));
  std::vector<Expr> parts = {builder_.Literal(tags.key_begin), name, builder_.Literal(tags.key_end)};
  if (!tags.tag_end.empty()) {
    const bool says = tags.key_begin.find("DSML") != std::string::npos;
    parts.push_back(builder_.Literal(StrCat(says && said ? " string=\"false\"" : "", tags.tag_end)));
  }
  if (!tags.value_begin.empty()) {
    parts.insert(parts.end(), {Blanks(), builder_.Literal(tags.value_begin)});
  }
  parts.insert(parts.end(), {value, Blanks()});
  return builder_.Repeat(builder_.Sequence(parts), 0, {});
}

CallExpressions::Expr CallExpressions::MarkedValue() {
  if (marked_) return builder_.Reference(*marked_);
  marked_ = builder_.DeclareRule("marked-value");
  const Expr self = builder_.Reference(*marked_);
  const std::string mark(kStringMark);
  const Expr string =
      builder_.Sequence({builder_.Literal(mark), Text({mark}), builder_.Literal(mark)});
  const Expr digits = builder_.Repeat(builder_.CharClass({{'0', '9'}}), 1, 20);
  const Expr number = builder_.Sequence(
      {builder_.Optional(builder_.Literal("-")),
       builder_.Choice({builder_.Literal("0"),
                        builder_.Sequence({builder_.CharClass({{'1', '9'}}),
                                           builder_.Repeat(builder_.CharClass({{'0', '9'}}), 0, 18)})}),
       builder_.Optional(builder_.Sequence({builder_.Literal("."), digits}))});
  const Expr key =
      builder_.Repeat(builder_.CharClass({{'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {'_', '_'}}), 1, 64);
  const Expr member = builder_.Sequence({key, builder_.Literal(":"), self});
  auto list = [&](const char* open, Expr one, const char* close) {
    const Expr rest = builder_.Repeat(builder_.Sequence({builder_.Literal(","), one}), 0, {});
    return builder_.Sequence({builder_.Literal(open), builder_.Optional(builder_.Sequence({one, rest})),
                              builder_.Literal(close)});
  };
  builder_.DefineRule(*marked_,
                      builder_.Choice({string, number, builder_.Literal("true"),
                                       builder_.Literal("false"), builder_.Literal("null"),
                                       list("[", self, "]"), list("{", member, "}")}));
  return builder_.Reference(*marked_);
}

Result<CallExpressions::Expr> CallExpressions::Marked(const Tool& tool) {
  const std::string mark(kStringMark);
  std::vector<std::pair<Expr, bool>> members;
  for (const auto& [name, schema] : PropertiesOf(tool)) {
    if (name.find(':') != std::string::npos) continue;
    Expr value = MarkedValue();
    const std::vector<std::string> texts = TextsOf(schema);
    if (!texts.empty()) {
      std::vector<Expr> choices;
      for (const std::string& text : texts) choices.push_back(builder_.Literal(mark + text + mark));
      value = builder_.Choice(choices);
    } else if (TakesTextOnly(tool.parameters, schema)) {
      value = builder_.Sequence({builder_.Literal(mark), Text({mark}), builder_.Literal(mark)});
    } else if (const Value* type = schema.Find("type");
               type && type->is_string() && type->as_string() != "array" &&
               type->as_string() != "object") {
      PANO_ASSIGN_OR_RETURN(value, JsonValue(WithDefinitions(tool.parameters, schema),
                                             StrCat(PlaceOf(tool), ", '", name, "'")));
    }
    members.emplace_back(builder_.Sequence({builder_.Literal(name + ":"), value}),
                         IsRequired(tool, name));
  }
  return builder_.Sequence(
      {builder_.Literal("{"), Members(members, builder_.Literal(",")), builder_.Literal("}")});
}

CallExpressions::Expr CallExpressions::PythonString() {
  auto quoted = [&](char32_t quote) {
    const char literal[2] = {static_cast<char>(quote), 0};
    const Expr plain = builder_.CharClass({{0, 0x1F}, {quote, quote}, {'\\', '\\'}}, /*negated=*/true);
    const Expr escape = builder_.Sequence(
        {builder_.Literal("\\"), builder_.CharClass({{'n', 'n'}, {'t', 't'}, {'r', 'r'}, {'\\', '\\'},
                                                     {'\'', '\''}, {'"', '"'}})});
    return builder_.Sequence({builder_.Literal(literal),
                              builder_.Repeat(builder_.Choice({plain, escape}), 0, {}),
                              builder_.Literal(literal)});
  };
  return builder_.Choice({quoted('\''), quoted('"')});
}

CallExpressions::Expr CallExpressions::PythonValue() {
  if (python_) return builder_.Reference(*python_);
  python_ = builder_.DeclareRule("python-value");
  const Expr self = builder_.Reference(*python_);
  const Expr string = PythonString();
  const Expr number = builder_.Sequence(
      {builder_.Optional(builder_.Literal("-")),
       builder_.Choice({builder_.Literal("0"),
                        builder_.Sequence({builder_.CharClass({{'1', '9'}}),
                                           builder_.Repeat(builder_.CharClass({{'0', '9'}}), 0, 18)})}),
       builder_.Optional(builder_.Sequence(
           {builder_.Literal("."), builder_.Repeat(builder_.CharClass({{'0', '9'}}), 1, 20)}))});
  const Expr member =
      builder_.Sequence({string, builder_.Literal(":"), Blanks(), self});
  auto list = [&](const char* open, Expr one, const char* close) {
    const Expr rest = builder_.Repeat(
        builder_.Sequence({builder_.Literal(","), Blanks(), one}), 0, {});
    return builder_.Sequence({builder_.Literal(open), builder_.Optional(builder_.Sequence({one, rest})),
                              builder_.Literal(close)});
  };
  builder_.DefineRule(
      *python_, builder_.Choice({string, number, builder_.Literal("True"), builder_.Literal("False"),
                                 builder_.Literal("None"), list("[", self, "]"),
                                 list("{", member, "}")}));
  return builder_.Reference(*python_);
}

Result<CallExpressions::Expr> CallExpressions::Python(const Tool& tool) {
  std::vector<std::pair<Expr, bool>> members;
  for (const auto& [name, schema] : PropertiesOf(tool)) {
    Expr value = PythonValue();
    const std::vector<std::string> texts = TextsOf(schema);
    const Value* type = schema.Find("type");
    const std::string kind = type && type->is_string() ? type->as_string() : "";
    if (!texts.empty()) {
      std::vector<Expr> choices;
      for (const std::string& text : texts) choices.push_back(builder_.Literal(Quoted(text)));
      value = builder_.Choice(choices);
    } else if (TakesTextOnly(tool.parameters, schema)) {
      value = PythonString();
    } else if (kind == "boolean") {
      value = builder_.Choice({builder_.Literal("True"), builder_.Literal("False")});
    } else if (kind == "integer" || kind == "number") {
      PANO_ASSIGN_OR_RETURN(value, JsonValue(WithDefinitions(tool.parameters, schema),
                                             StrCat(PlaceOf(tool), ", '", name, "'")));
    }
    members.emplace_back(builder_.Sequence({builder_.Literal(name + "="), value}),
                         IsRequired(tool, name));
  }
  const Expr comma = builder_.Sequence({builder_.Literal(","), Blanks()});
  return builder_.Sequence(
      {builder_.Literal(tool.name + "("), Members(members, comma), builder_.Literal(")")});
}

Result<CallExpressions::Expr> CallExpressions::Step(const std::vector<CallStep>& steps, size_t at,
                                                    const Tool& tool) {
  const CallStep& step = steps[at];
  switch (step.kind) {
    case Kind::kText:
      return builder_.Literal(step.text);
    case Kind::kOptionalText:
      // What only comes with an id is written where the id is.
      if (at + 1 < steps.size() && steps[at + 1].kind == Kind::kId) return builder_.Empty();
      return builder_.Literal(step.text);
    case Kind::kBlanks:
      return Blanks();
    case Kind::kName:
      return builder_.Literal(tool.name);
    case Kind::kId: {
      const Expr id = builder_.Repeat(
          builder_.CharClass({{'a', 'z'}, {'A', 'Z'}, {'0', '9'}}), 1, kIdCharactersMax);
      if (at == 0 || steps[at - 1].kind != Kind::kOptionalText) return id;
      return builder_.Optional(builder_.Sequence({builder_.Literal(steps[at - 1].text), id}));
    }
    case Kind::kUpTo:
      return builder_.Literal(step.usual + step.text);
    case Kind::kJson:
      return Arguments(tool);
    case Kind::kTags:
      return Tags(step.tags, tool);
    case Kind::kMarked:
      return Marked(tool);
    case Kind::kObjects:
      return Object(step, tool);
    case Kind::kPython:
      return Python(tool);
  }
  return builder_.Nothing();
}

Result<CallExpressions::Expr> CallExpressions::OneCall(const std::vector<CallStep>& steps,
                                                       const Tool& tool) {
  std::vector<Expr> parts;
  for (size_t i = 0; i < steps.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(const Expr part, Step(steps, i, tool));
    parts.push_back(part);
  }
  return builder_.Sequence(parts);
}

Result<CallExpressions::Expr> CallExpressions::Call(const std::vector<CallStep>& steps,
                                                    const Tools& tools, bool several) {
  // Where steps hold whole calls, these are the alternatives; else the whole is.
  size_t list = 0;
  while (list < steps.size() && steps[list].kind != Kind::kObjects && steps[list].kind != Kind::kPython) {
    ++list;
  }
  std::vector<Expr> calls;
  for (const Tool& tool : tools) {
    PANO_ASSIGN_OR_RETURN(const Expr call, list < steps.size() ? Step(steps, list, tool)
                                                               : OneCall(steps, tool));
    calls.push_back(call);
  }
  const auto any_rule = builder_.DeclareRule("call");
  builder_.DefineRule(any_rule, builder_.Choice(calls));
  const Expr any = builder_.Reference(any_rule);
  if (list == steps.size()) return any;
  Expr inner = any;
  if (steps[list].list) {
    const Expr another = builder_.Sequence({Blanks(), builder_.Literal(","), Blanks(), any});
    const Expr others = several ? builder_.Repeat(another, 0, {}) : builder_.Empty();
    inner = builder_.Sequence(
        {builder_.Literal("["), Blanks(), any, others, Blanks(), builder_.Literal("]")});
  }
  std::vector<Expr> parts;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i == list) {
      parts.push_back(inner);
      continue;
    }
    PANO_ASSIGN_OR_RETURN(const Expr part, Step(steps, i, tools[0]));
    parts.push_back(part);
  }
  return builder_.Sequence(parts);
}

}  // namespace pano::tools
