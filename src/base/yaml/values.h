#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// Strict reading of values in a document: nothing is guessed, and a failure is InvalidArgument that names the
// place ("issuers[0].audience", its field too) and the line. They may throw YAML::Exception, which
// ReadDocument (document.h) catches.
namespace pano::yaml {

// "place: why (line 7)"; without the line where `node` has none.
Status Wrong(const YAML::Node& node, std::string_view place, std::string_view why);
// "place.name", or `name` at the top; `name` as messages may show it.
std::string Join(std::string_view place, std::string_view name);

// The entries of a mapping in their order, each key a text that stands once. Nothing (null) has none.
using Entry = std::pair<std::string, YAML::Node>;
Result<std::vector<Entry>> Entries(const YAML::Node& node, std::string_view place, size_t count_max);
// The failure for a key that is not among `names`.
Status UnknownKey(const YAML::Node& node, std::string_view place, std::string_view key,
                  std::initializer_list<std::string_view> names);
// A mapping that has each of `names` at most once and nothing else.
Status CheckKeys(const YAML::Node& node, std::string_view place, std::initializer_list<std::string_view> names);

// A scalar that is not empty, in UTF-8.
Result<std::string> Text(const YAML::Node& node, std::string_view place);
// A list of 1 to `count_max` texts, or one text for a list of one.
Result<std::vector<std::string>> Texts(const YAML::Node& node, std::string_view place, size_t count_max);
Result<int64_t> Integer(const YAML::Node& node, std::string_view place, int64_t least, int64_t most);
// A finite number.
Result<double> Number(const YAML::Node& node, std::string_view place, double least, double most);
Result<bool> Bool(const YAML::Node& node, std::string_view place);  // true or false

}  // namespace pano::yaml
