#include "base/yaml/values.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/closest_name.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::yaml {

Status Wrong(const YAML::Node& node, std::string_view place, std::string_view why) {
  std::string text = place.empty() ? std::string(why) : StrCat(place, ": ", why);
  if (node.IsDefined() && !node.Mark().is_null()) text += StrCat(" (line ", node.Mark().line + 1, ")");
  return InvalidArgument(std::move(text)).WithField(std::string(place));
}

std::string Join(std::string_view place, std::string_view name) {
  return place.empty() ? Printable(name) : StrCat(place, ".", Printable(name));
}

Result<std::vector<Entry>> Entries(const YAML::Node& node, std::string_view place, size_t count_max) {
  std::vector<Entry> entries;
  if (!node.IsDefined() || node.IsNull()) return entries;
  if (!node.IsMap()) return Wrong(node, place, "expected a mapping");
  if (node.size() > count_max) return Wrong(node, place, StrCat("has ", node.size(), " entries of at most ", count_max));
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return Wrong(node, place, "a key is no text");
    const std::string& key = entry.first.Scalar();
    if (!seen.insert(key).second) return Wrong(entry.first, Join(place, key), "stands twice");
    entries.emplace_back(key, entry.second);
  }
  return entries;
}

Status UnknownKey(const YAML::Node& node, std::string_view place, std::string_view key,
                  std::initializer_list<std::string_view> names) {
  std::string meant = DidYouMean(key, std::vector<std::string_view>(names));
  if (meant.empty()) {
    for (std::string_view name : names) meant += StrCat(meant.empty() ? "; there are " : ", ", name);
  }
  return Wrong(node, Join(place, key), StrCat("there is no such setting", meant));
}

Status CheckKeys(const YAML::Node& node, std::string_view place, std::initializer_list<std::string_view> names) {
  if (!node.IsMap()) return Wrong(node, place, "expected a mapping");
  PANO_ASSIGN_OR_RETURN(const std::vector<Entry> entries, Entries(node, place, SIZE_MAX));
  for (const auto& [key, value] : entries) {
    if (std::ranges::find(names, key) == names.end()) return UnknownKey(value, place, key, names);
  }
  return {};
}

Result<std::string> Text(const YAML::Node& node, std::string_view place) {
  if (!node.IsScalar()) return Wrong(node, place, "expected a text");
  if (node.Scalar().empty() || !Utf8Valid(node.Scalar())) return Wrong(node, place, "expected a text that is not empty");
  return node.Scalar();
}

Result<std::vector<std::string>> Texts(const YAML::Node& node, std::string_view place, size_t count_max) {
  std::vector<std::string> texts;
  if (!node.IsSequence()) {
    PANO_ASSIGN_OR_RETURN(std::string text, Text(node, place));
    texts.push_back(std::move(text));
    return texts;
  }
  if (node.size() == 0 || node.size() > count_max) return Wrong(node, place, StrCat("expected 1 to ", count_max, " entries"));
  for (const YAML::Node& entry : node) {
    PANO_ASSIGN_OR_RETURN(std::string text, Text(entry, StrCat(place, "[", texts.size(), "]")));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<int64_t> Integer(const YAML::Node& node, std::string_view place, int64_t least, int64_t most) {
  const std::optional<int64_t> value = node.IsScalar() ? ParseInt(node.Scalar()) : std::nullopt;
  if (!value || *value < least || *value > most) {
    const std::string shown = node.IsScalar() ? StrCat(", not '", Printable(node.Scalar()), "'") : "";
    return Wrong(node, place, StrCat("expected a whole number from ", least, " to ", most, shown));
  }
  return *value;
}

Result<double> Number(const YAML::Node& node, std::string_view place, double least, double most) {
  const std::optional<double> value = node.IsScalar() ? ParseDouble(node.Scalar()) : std::nullopt;
  if (!value || !std::isfinite(*value) || *value < least || *value > most) {
    const std::string shown = node.IsScalar() ? StrCat(", not '", Printable(node.Scalar()), "'") : "";
    return Wrong(node, place, StrCat("expected a number from ", least, " to ", most, shown));
  }
  return *value;
}

Result<bool> Bool(const YAML::Node& node, std::string_view place) {
  const std::string_view text = node.IsScalar() ? std::string_view(node.Scalar()) : "";
  if (text == "true") return true;
  if (text == "false") return false;
  return Wrong(node, place, "expected true or false");
}

}  // namespace pano::yaml
