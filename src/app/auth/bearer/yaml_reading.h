#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What the readers of auth_file.cc and key_file.cc share. May throw YAML::Exception, which LoadYaml catches.
namespace pano::bearer::yaml {

// "issuers[0].audience: <why>", with the place as the field.
Status Wrong(std::string_view place, std::string_view why);
// "place.name", or `name` at the top.
std::string Join(std::string_view place, std::string_view name);

// A mapping that has each of `names` at most once and nothing else.
Status CheckKeys(const YAML::Node& node, std::string_view place, std::initializer_list<std::string_view> names);

Result<std::string> Text(const YAML::Node& node, std::string_view place);
// A list of texts, or one text for a list of one.
Result<std::vector<std::string>> Texts(const YAML::Node& node, std::string_view place, size_t count_max);

// Calls `read` with the document; what yaml-cpp throws becomes InvalidArgument with its line.
Status LoadYaml(std::string_view text, const std::function<Status(const YAML::Node& root)>& read);

}  // namespace pano::bearer::yaml
