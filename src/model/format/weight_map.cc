#include "model/format/weight_map.h"

#include "base/json.h"
#include "base/strings.h"

namespace pano::format {
namespace {

bool IsPlainName(std::string_view name) {
  if (!name.ends_with(".safetensors") || name.size() > 255) return false;
  for (char c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  }
  return name.find("..") == std::string_view::npos;
}

}  // namespace

Result<WeightMap> ParseWeightMap(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(json::Value index, json::Parse(text, {.depth_max = 16, .allow_nan = true}));
  const json::Value* map = index.Find("weight_map");
  if (!map) return Corruption("weight_map: is missing");
  if (!map->is_object()) {
    return Corruption(StrCat("weight_map: expected an object, found ", map->kind()));
  }
  WeightMap weight_map;
  for (const auto& [tensor, file] : map->as_object()) {
    if (!file.is_string()) {
      return Corruption(StrCat("weight_map: tensor '", Printable(tensor),
                               "': expected a file name, found ", file.kind()));
    }
    if (!IsPlainName(file.as_string())) {
      return Corruption(StrCat("weight_map: tensor '", Printable(tensor), "': '",
                               Printable(file.as_string()),
                               "' is not the name of a .safetensors file in this folder"));
    }
    if (!weight_map.emplace(tensor, file.as_string()).second) {
      return Corruption(
          StrCat("weight_map: tensor '", Printable(tensor), "': the name stands twice"));
    }
  }
  if (weight_map.empty()) return Corruption("weight_map: names no tensor");
  return weight_map;
}

}  // namespace pano::format
