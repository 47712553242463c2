#include "model/template/convert.h"

#include "base/utf8.h"

namespace pano::jinja {
namespace {

constexpr size_t kJsonDepthMax = 100;

Value InputText(Runtime& rt, std::string_view text) {
  return Utf8Valid(text) ? rt.String(text, true) : rt.String(Utf8Sanitize(text), true);
}

Value Convert(Runtime& rt, const json::Value& json, size_t depth, bool message);

Value ConvertObject(Runtime& rt, const json::Object& object, size_t depth, bool message) {
  auto dict = std::make_shared<Dict>();
  for (const auto& [name, member] : object) {
    const Value key = InputText(rt, name);
    Value value = Convert(rt, member, depth + 1, false);
    if (rt.failed()) return {};
    dict->Set(key, std::move(value));
  }
  if (const Value* reasoning = message ? dict->Find("reasoning_content") : nullptr) {
    const Value copy = *reasoning;
    const Value key = rt.String("thinking", true);
    if (!rt.failed() && !dict->Find(key)) dict->Set(key, copy);
  }
  return rt.failed() ? Value() : rt.Of(std::move(dict));
}

Value ConvertArray(Runtime& rt, const json::Array& array, size_t depth, bool messages) {
  std::vector<Value> items;
  if (!rt.Affordable(array.size() * sizeof(Value))) return {};
  items.reserve(array.size());
  for (const json::Value& item : array) {
    items.push_back(Convert(rt, item, depth + 1, messages));
    if (rt.failed()) return {};
  }
  return rt.List(std::move(items));
}

Value Convert(Runtime& rt, const json::Value& json, size_t depth, bool message) {
  if (!rt.Step()) return {};
  if (depth > kJsonDepthMax) return rt.Exhausted("inputs nested too deeply");
  if (json.is_string()) return InputText(rt, json.as_string());
  if (json.is_array()) return ConvertArray(rt, json.as_array(), depth, message);
  if (json.is_object()) return ConvertObject(rt, json.as_object(), depth, message);
  if (json.is_null()) return Value::None();
  if (json.is_bool()) return Value::Bool(json.as_bool()).FromInputs();
  if (json.is_int()) return Value::Int(json.as_int()).FromInputs();
  return Value::Float(json.as_double()).FromInputs();
}

}  // namespace

Value FromJson(Runtime& rt, const json::Value& json) { return Convert(rt, json, 0, false); }

Value MessagesFromJson(Runtime& rt, const json::Value& messages) {
  return messages.is_array() ? ConvertArray(rt, messages.as_array(), 0, true)
                             : FromJson(rt, messages);
}

}  // namespace pano::jinja
