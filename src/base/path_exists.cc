#include "base/path_exists.h"

#include "base/strings.h"

namespace pano {

Result<bool> Exists(const std::string& path, const Env& env) {
  const auto info = env.Stat(path);
  if (info.ok()) return true;
  if (info.error().code() == StatusCode::kNotFound) return false;
  return info.error().Wrap(StrCat(path, ": cannot look"));
}

}  // namespace pano
