#include "model/train/trainable.h"

#include "base/strings.h"

namespace pano::train {

bool NameIsUndecayed(std::string_view name) {
  const std::string lower = ToLower(name);
  for (const char* part : {"bias", "layernorm", "rmsnorm"}) {
    if (lower.find(part) != std::string::npos) return true;
  }
  for (std::string_view part : Split(lower, '.')) {
    if (part == "norm" || part.ends_with("_norm")) return true;
  }
  return false;
}

}  // namespace pano::train
