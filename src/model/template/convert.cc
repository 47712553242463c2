#include "model/template/convert.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace pano::jinja {
namespace {

constexpr size_t kJsonDepthMax = 100;

// What a value of the inputs is.
enum class Place {
  kAnywhere,
  kMessages,  // the list of them
  kMessage,   // one of them
  kOwnText,   // inside what an assistant said
};

// Confined to one rendering.
class Converter {
 public:
  Converter(Runtime& rt, const OwnMarkers& markers) : rt_(rt), markers_(markers) {}

  Value Convert(const json::Value& json, size_t depth, Place place) {
    if (!rt_.Step()) return {};
    if (depth > kJsonDepthMax) return rt_.Exhausted("inputs nested too deeply");
    if (json.is_string()) return Text(json.as_string(), place);
    if (json.is_array()) return Array(json.as_array(), depth, place);
    if (json.is_object()) return Object(json.as_object(), depth, place);
    if (json.is_null()) return Value::None();
    if (json.is_bool()) return Value::Bool(json.as_bool()).FromInputs();
    if (json.is_int()) return Value::Int(json.as_int()).FromInputs();
    return Value::Float(json.as_double()).FromInputs();
  }

 private:
  Value Text(std::string_view text, Place place) {
    std::string sanitized;
    if (!Utf8Valid(text)) text = sanitized = Utf8Sanitize(text);
    if (place != Place::kOwnText || !markers_) return rt_.String(text, true);
    // All but the markers comes from the inputs.
    if (!rt_.Affordable(text.size()) || !rt_.Scan(text.size())) return {};
    std::vector<Rendered::Range> inputs;
    size_t done = 0;
    for (const Rendered::Range& marker : markers_(text)) {
      if (marker.begin < done || marker.end > text.size() || marker.begin > marker.end) continue;
      if (done < marker.begin) inputs.push_back({done, marker.begin});
      done = marker.end;
    }
    if (done < text.size()) inputs.push_back({done, text.size()});
    return rt_.String(std::string(text), std::move(inputs));
  }

  // Whether the member of an assistant's message is what it said.
  static bool IsSaid(std::string_view name) {
    constexpr std::array<std::string_view, 4> kNames = {"content", "reasoning_content", "reasoning",
                                                        "thinking"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
  }

  Value Object(const json::Object& object, size_t depth, Place place) {
    auto dict = std::make_shared<Dict>();
    const bool message = place == Place::kMessage;
    bool own = place == Place::kOwnText;
    for (const auto& [name, member] : object) {
      if (message && name == "role") own = member == json::Value("assistant");
    }
    for (const auto& [name, member] : object) {
      const Value key = Text(name, Place::kAnywhere);
      const bool said = own && (!message || IsSaid(name));
      Value value = Convert(member, depth + 1, said ? Place::kOwnText : Place::kAnywhere);
      if (rt_.failed()) return {};
      dict->Set(key, std::move(value));
    }
    if (const Value* reasoning = message ? dict->Find("reasoning_content") : nullptr) {
      const Value copy = *reasoning;
      const Value key = rt_.String("thinking", true);
      if (!rt_.failed() && !dict->Find(key)) dict->Set(key, copy);
    }
    return rt_.failed() ? Value() : rt_.Of(std::move(dict));
  }

  Value Array(const json::Array& array, size_t depth, Place place) {
    std::vector<Value> items;
    if (!rt_.Affordable(array.size() * sizeof(Value))) return {};
    items.reserve(array.size());
    const Place inside = place == Place::kMessages  ? Place::kMessage
                         : place == Place::kOwnText ? Place::kOwnText
                                                    : Place::kAnywhere;
    for (const json::Value& item : array) {
      items.push_back(Convert(item, depth + 1, inside));
      if (rt_.failed()) return {};
    }
    return rt_.List(std::move(items));
  }

  Runtime& rt_;
  const OwnMarkers& markers_;
};

}  // namespace

Value FromJson(Runtime& rt, const json::Value& json) {
  return Converter(rt, nullptr).Convert(json, 0, Place::kAnywhere);
}

Value MessagesFromJson(Runtime& rt, const json::Value& messages, const OwnMarkers& markers) {
  return Converter(rt, markers).Convert(messages, 0, Place::kMessages);
}

}  // namespace pano::jinja
