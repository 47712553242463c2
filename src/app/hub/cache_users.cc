#include "app/hub/cache_users.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "base/env.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

constexpr size_t kLinesMax = 100'000;  // of one process's map

// The paths that the lines of a map name, below `folder`: the sixth column, which may hold spaces.
std::set<std::string> MappedBelow(const std::string& maps_path, const std::string& folder) {
  std::set<std::string> paths;
  std::ifstream maps(maps_path);
  std::string line;
  for (size_t i = 0; i < kLinesMax && std::getline(maps, line); ++i) {
    const size_t at = line.find(folder);
    if (at != std::string::npos && line.find('/') == at) paths.insert(line.substr(at));
  }
  return paths;
}

}  // namespace

std::vector<CacheUser> FindCacheUsers(const std::string& folder, const std::string& proc_folder) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::canonical(folder, error);
  if (error) return {};
  const std::string prefix = whole.string() + "/";
  const Result<std::vector<std::string>> names = ListDirectory(proc_folder);
  std::vector<CacheUser> users;
  if (!names.ok()) return users;
  for (const std::string& name : *names) {
    const std::optional<int64_t> pid = ParseInt(name);
    if (!pid) continue;
    const std::set<std::string> paths = MappedBelow(StrCat(proc_folder, "/", name, "/maps"), prefix);
    if (paths.empty()) continue;
    CacheUser user{*pid, "", {paths.begin(), paths.end()}};
    std::ifstream command(StrCat(proc_folder, "/", name, "/comm"));
    std::getline(command, user.command);
    user.command = Printable(user.command);
    users.push_back(std::move(user));
  }
  std::sort(users.begin(), users.end(), [](const CacheUser& a, const CacheUser& b) { return a.pid < b.pid; });
  return users;
}

}  // namespace pano::hub
