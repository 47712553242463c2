#include "app/auth/jose/unique_object.h"

#include <algorithm>
#include <vector>

namespace pano::jose {

Result<json::Value> ParseUniqueObject(std::string_view text) {
  json::ParseOptions options;
  options.depth_max = 16;
  Result<json::Value> value = json::Parse(text, options);
  // What the parser says of it may be sent to whoever wrote it: that it is none is enough.
  if (!value.ok()) return InvalidArgument("is no JSON");
  if (!value->is_object()) return InvalidArgument("is no JSON object");
  std::vector<std::string_view> names;
  for (const auto& [name, member] : value->as_object()) names.push_back(name);
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return InvalidArgument("has a name twice");
  return value;
}

}  // namespace pano::jose
