#include "app/auth/jose/unique_object.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace pano::jose {

Result<json::Value> ParseUniqueObject(std::string_view text) {
  json::ParseOptions options;
  options.depth_max = 16;
  Result<json::Value> value = json::Parse(text, options);
  if (!value.ok()) return InvalidArgument(StrCat("is no JSON: ", value.error().message()));
  if (!value->is_object()) return InvalidArgument(StrCat("is no JSON object but a ", value->kind()));
  std::vector<std::string_view> names;
  for (const auto& [name, member] : value->as_object()) names.push_back(name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return InvalidArgument(StrCat("has '", Printable(*twice), "' twice"));
  return value;
}

}  // namespace pano::jose
