#include "base/shared_folder.h"

#include "base/env.h"

namespace pano {

std::string SharedFolder(std::string_view source_folder) {
  std::string named = EnvironmentVariable("PANO_SHARED");
  return named.empty() ? JoinPath(source_folder, "../shared") : named;
}

}  // namespace pano
