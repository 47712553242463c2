// Fields as JSON Schema, for /openapi.json.
#include <cmath>
#include <utility>

#include "app/api/schema.h"

namespace pano::api {
namespace {

using json::Value;

Value Reference(std::string_view name) {
  Value schema;
  schema.Set("$ref", "#/components/schemas/" + std::string(name));
  return schema;
}

Value Typed(std::string_view type) {
  Value schema;
  schema.Set("type", type);
  return schema;
}

Value ListOf(Value items, int64_t size_max = 0) {
  Value schema = Typed("array");
  schema.Set("items", std::move(items));
  if (size_max > 0) schema.Set("maxItems", size_max);
  return schema;
}

Value AnyOf(json::Array choices) {
  Value schema;
  schema.Set("anyOf", std::move(choices));
  return schema;
}

// A bound as an integer where it is one, so that it prints as people write it.
Value Bound(double v) {
  if (v == std::floor(v) && std::abs(v) < 9e15) return static_cast<int64_t>(v);
  return v;
}

Value Ranged(std::string_view type, const Field& field) {
  Value schema = Typed(type);
  if (std::abs(field.min) < 9e15) schema.Set("minimum", Bound(field.min));
  if (std::abs(field.max) < 9e15) schema.Set("maximum", Bound(field.max));
  return schema;
}

Value Text(const Field& field) {
  Value schema = Typed("string");
  if (field.min > 0) schema.Set("minLength", Bound(field.min));
  if (field.max > 0 && field.max < 1e9) schema.Set("maxLength", Bound(field.max));
  return schema;
}

Value TypeOf(const Field& field) {
  switch (field.type) {
    case FieldType::kBool:
      return Typed("boolean");
    case FieldType::kInteger:
      return Ranged("integer", field);
    case FieldType::kNumber:
      return Ranged("number", field);
    case FieldType::kString:
      return Text(field);
    case FieldType::kTextOrTexts:
      return AnyOf({Text(field), ListOf(Text(field), field.size_max)});
    case FieldType::kIntegers:
      return ListOf(Ranged("integer", field), field.size_max);
    case FieldType::kPrompt:
      return AnyOf({Typed("string"), ListOf(Typed("string"), field.size_max),
                    ListOf(Ranged("integer", field)),
                    ListOf(ListOf(Ranged("integer", field)), field.size_max)});
    case FieldType::kBias: {
      Value schema = Typed("object");
      schema.Set("additionalProperties", Ranged("number", field));
      schema.Set("maxProperties", field.size_max);
      return schema;
    }
    case FieldType::kMessages:
      return ListOf(Reference("Message"), field.size_max);
    case FieldType::kObject:
      return field.schema.empty() ? Typed("object") : Reference(field.schema);
    case FieldType::kArray:
      return ListOf(field.schema.empty() ? Typed("object") : Reference(field.schema),
                    field.size_max);
    case FieldType::kAny:
      return Value(json::Object());
  }
  return {};
}

// The same, or null: that counts as absent.
Value Nullable(Value schema) {
  if (const Value* type = schema.Find("type")) {
    Value types{json::Array{*type, Value("null")}};
    schema.Set("type", std::move(types));
    return schema;
  }
  if (const Value* choices = schema.Find("anyOf")) {
    Value more = *choices;
    more.Append(Typed("null"));
    schema.Set("anyOf", std::move(more));
    return schema;
  }
  if (schema.Find("$ref")) return AnyOf({std::move(schema), Typed("null")});
  return schema;  // anything at all
}

}  // namespace

json::Value SchemaOf(const BodySchema& body) {
  Value properties{json::Object()};
  Value required;
  for (const Field& field : body.fields) {
    Value schema = field.required ? TypeOf(field) : Nullable(TypeOf(field));
    schema.Set("description", field.help);
    properties.Set(field.name, std::move(schema));
    if (field.required) required.Append(field.name);
  }
  Value schema = Typed("object");
  schema.Set("properties", std::move(properties));
  if (!required.is_null()) schema.Set("required", std::move(required));
  if (body.closed) schema.Set("additionalProperties", false);
  return schema;
}

}  // namespace pano::api
