#include "base/abandoned_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/env.h"

namespace pano {
namespace {

constexpr size_t kHexDigitsMin = 8;
constexpr time_t kSecondsMin = 1;   // a new one may not be marked yet

int OpenForLock(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

// Whether it is old enough and a file or a folder.
bool MayGo(int fd) {
  struct stat info {};
  timespec now{};
  if (::fstat(fd, &info) != 0 || ::clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return false;
  return now.tv_sec - info.st_mtim.tv_sec > kSecondsMin;
}

}  // namespace

WriteMark::WriteMark(const std::string& path) : fd_(OpenForLock(path)) {
  if (fd_ >= 0) (void)::flock(fd_, LOCK_SH | LOCK_NB);
}

WriteMark::~WriteMark() {
  if (fd_ >= 0) ::close(fd_);
}

bool IsUnfinishedName(std::string_view name, std::string_view target) {
  if (target.empty() || !name.starts_with(target)) return false;
  name.remove_prefix(target.size());
  if (!name.starts_with(".tmp-")) return false;
  name.remove_prefix(5);
  const size_t digits = std::min(name.find_first_not_of("0123456789abcdef"), name.size());
  const std::string_view rest = name.substr(digits);
  return digits >= kHexDigitsMin && (rest.empty() || rest == "-f32");
}

void RemoveAbandoned(const std::string& target) {
  Env& env = Env::Real();
  const std::string folder(FolderName(target));
  const auto names = env.List(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (!IsUnfinishedName(name, BaseName(target))) continue;
    const std::string path = JoinPath(folder, name);
    const int fd = OpenForLock(path);
    if (fd < 0) continue;
    // Whoever writes it has a lock.
    if (MayGo(fd) && ::flock(fd, LOCK_EX | LOCK_NB) == 0) (void)env.RemoveTree(path);
    ::close(fd);
  }
}

}  // namespace pano
