#include "app/auth/bearer/yaml_reading.h"

#include <algorithm>
#include <set>

#include "base/closest_name.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::bearer::yaml {

Status Wrong(std::string_view place, std::string_view why) {
  return InvalidArgument(place.empty() ? std::string(why) : StrCat(place, ": ", why)).WithField(std::string(place));
}

std::string Join(std::string_view place, std::string_view name) {
  return place.empty() ? std::string(name) : StrCat(place, ".", name);
}

Status CheckKeys(const YAML::Node& node, std::string_view place, std::initializer_list<std::string_view> names) {
  if (!node.IsMap()) return Wrong(place, "expected a mapping");
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return Wrong(place, "a key is no text");
    const std::string key = entry.first.as<std::string>();
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      return Wrong(Join(place, Printable(key)), StrCat("there is no such setting", DidYouMean(key, std::vector<std::string_view>(names))));
    }
    if (!seen.insert(key).second) return Wrong(Join(place, key), "stands twice");
  }
  return {};
}

Result<std::string> Text(const YAML::Node& node, std::string_view place) {
  if (!node.IsScalar()) return Wrong(place, "expected a text");
  std::string text = node.as<std::string>();
  if (text.empty() || !Utf8Valid(text)) return Wrong(place, "expected a text that is not empty");
  return text;
}

Result<std::vector<std::string>> Texts(const YAML::Node& node, std::string_view place, size_t count_max) {
  std::vector<std::string> texts;
  if (!node.IsSequence()) {
    PANO_ASSIGN_OR_RETURN(std::string text, Text(node, place));
    texts.push_back(std::move(text));
    return texts;
  }
  if (node.size() == 0 || node.size() > count_max) return Wrong(place, StrCat("expected 1 to ", count_max, " entries"));
  for (size_t i = 0; i < node.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(std::string text, Text(node[i], StrCat(place, "[", i, "]")));
    texts.push_back(std::move(text));
  }
  return texts;
}

Status LoadYaml(std::string_view text, const std::function<Status(const YAML::Node& root)>& read) {
  try {
    return read(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    return InvalidArgument(error.what());
  }
}

}  // namespace pano::bearer::yaml
