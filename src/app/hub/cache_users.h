#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pano::hub {

// A running process that has files mapped. A value.
struct CacheUser {
  int64_t pid = 0;
  std::string command;  // its short name
  std::vector<std::string> paths;
};

// The processes that have files below `folder` mapped, as far as this user may see (/proc/PID/maps);
// a served model's weights are. `proc_folder` is /proc but in tests.
std::vector<CacheUser> FindCacheUsers(const std::string& folder,
                                      const std::string& proc_folder = "/proc");

}  // namespace pano::hub
