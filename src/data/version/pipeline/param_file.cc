#include "data/version/pipeline/param_file.h"

#include "base/strings.h"
#include "data/version/pipeline/python_params.h"
#include "data/version/pipeline/toml.h"
#include "data/version/pipeline/yaml_value.h"

namespace pano::pipeline {

Result<json::Value> ParseParamFile(std::string_view name, std::string_view text) {
  const std::string shown = Printable(name, 300);
  if (name.ends_with(".json"))
    return json::Parse(text, {.bytes_max = 64u << 20, .allow_nan = true}).Wrap(shown);
  if (name.ends_with(".toml")) return ParseToml(text).Wrap(shown);
  if (name.ends_with(".py")) return ParsePythonParams(text).Wrap(shown);
  Result<YamlDocument> document = ParseYaml(text);
  if (!document.ok()) return document.error().Wrap(shown);
  if (document->root.is_null()) return json::Value(json::Object());
  return std::move(document->root);
}

const json::Value* FindParam(const json::Value& root, std::string_view path) {
  const json::Value* value = &root;
  while (true) {
    if (value->is_object()) {
      // A key that has dots itself comes first.
      if (const json::Value* whole = value->Find(path)) return whole;
    }
    const size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    if (value->is_object()) {
      value = value->Find(part);
    } else if (value->is_array()) {
      const std::optional<int64_t> index = ParseInt(part);
      const auto size = static_cast<int64_t>(value->as_array().size());
      value = index && *index >= 0 && *index < size
                  ? &value->as_array()[static_cast<size_t>(*index)]
                  : nullptr;
    } else {
      return nullptr;
    }
    if (value == nullptr || dot == std::string_view::npos) return value;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace pano::pipeline
