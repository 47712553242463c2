#include "data/version/repository_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/errno_status.h"
#include "base/json.h"
#include "base/strings.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

// Opens a lock file as zc.lockfile does and locks it; -1 with errno EWOULDBLOCK where another holds it.
int TryLock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return -1;
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

Result<int> Lock(const std::string& path, double wait_seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(wait_seconds);
  while (true) {
    const int fd = TryLock(path);
    if (fd >= 0) {
      const std::string pid = StrCat(" ", static_cast<int64_t>(::getpid()), "\n");
      if (::ftruncate(fd, 0) != 0 || ::write(fd, pid.data(), pid.size()) < 0) errno = 0;   // for people only
      return fd;
    }
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno).Wrap(path + ": cannot lock");
    if (std::chrono::steady_clock::now() >= end) {
      const auto holder = ReadFile(path, 64);
      return Status(StatusCode::kUnavailable,
                    StrCat(path, " is held by process", holder.ok() ? " " + std::string(Trim(*holder)) : "",
                           ": another command works on this repository; try again when it has ended"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

bool Alive(int64_t pid) { return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH); }

bool Overlap(std::string_view a, std::string_view b) { return Within(a, b) || Within(b, a); }

bool IsInfo(const json::Value& value) {
  const json::Value* pid = value.Find("pid");
  const json::Value* cmd = value.Find("cmd");
  return pid != nullptr && pid->is_int() && cmd != nullptr && cmd->is_string();
}

// The processes of one entry: "write" has one, "read" a list.
std::vector<json::Value> Infos(const json::Value& value) {
  std::vector<json::Value> out;
  if (value.is_array()) {
    for (const json::Value& v : value.as_array()) {
      if (IsInfo(v)) out.push_back(v);
    }
  } else if (IsInfo(value)) {
    out.push_back(value);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<RepositoryLock>> RepositoryLock::Take(const Repository& repository, double wait_seconds) {
  if (repository.config().GetBool("core", "hardlink_lock", false)) {
    return Unimplemented("core.hardlink_lock is set: pano and dvc would not see each other's locks; unset it, or use dvc alone");
  }
  PANO_RETURN_IF_ERROR(MakeFolders(repository.env(), repository.own_folder()));
  PANO_ASSIGN_OR_RETURN(const int fd, Lock(repository.temporary_folder() + "/lock", wait_seconds));
  return std::unique_ptr<RepositoryLock>(new RepositoryLock(fd));
}

RepositoryLock::~RepositoryLock() { ::close(fd_); }

Result<std::unique_ptr<PathLocks>> PathLocks::Take(const Repository& repository, const std::string& command,
                                                   std::vector<std::string> read, std::vector<std::string> write) {
  PANO_RETURN_IF_ERROR(MakeFolders(repository.env(), repository.own_folder()));
  std::unique_ptr<PathLocks> locks(new PathLocks(repository, command));
  locks->read_ = std::move(read);
  locks->write_ = std::move(write);
  PANO_RETURN_IF_ERROR(locks->Edit(/*release=*/false));
  locks->held_ = true;
  return locks;
}

PathLocks::~PathLocks() {
  if (held_) (void)Edit(/*release=*/true);   // where it fails, whoever comes next finds a dead process
}

Status PathLocks::Edit(bool release) {
  const std::string folder = repository_.temporary_folder(), path = folder + "/rwlock";
  PANO_ASSIGN_OR_RETURN(const int guard, Lock(path + ".lock", 3));
  const RepositoryLock held_until_return{guard};
  DataEnv& env = repository_.env();
  json::Value all{json::Object{}};
  if (const auto text = ReadFile(path, 16 << 20, env); text.ok()) {
    auto parsed = json::Parse(*text);
    if (!parsed.ok() || !parsed->is_object()) {
      return Corruption(path + " is no JSON object: remove it when no command works on this repository");
    }
    all = *std::move(parsed);
  } else if (text.status().code() != StatusCode::kNotFound) {
    return text.status();
  }
  const json::Value own(json::Object{{"pid", int64_t{::getpid()}}, {"cmd", command_}});
  // What stays: entries of others that are alive. Blockers are looked for on the way.
  json::Value next{json::Object{}};
  for (const std::string mode : {"write", "read"}) {
    const json::Value* entries = all.Find(mode);
    json::Value kept{json::Object{}};
    for (const auto& [entry, value] : entries != nullptr && entries->is_object() ? entries->as_object() : json::Object{}) {
      json::Value living{json::Array{}};
      for (const json::Value& info : Infos(value)) {
        const int64_t pid = info.Find("pid")->as_int();
        if (pid == ::getpid() || !Alive(pid)) continue;
        living.Append(info);
        if (release) continue;
        for (const auto* wanted : {&write_, &read_}) {
          if (mode == "read" && wanted == &read_) continue;   // readers do not mind each other
          for (const std::string& mine : *wanted) {
            if (!Overlap(mine, entry)) continue;
            return Status(StatusCode::kUnavailable, StrCat(mine, " is in use by process ", pid, " (",
                                                           Printable(info.Find("cmd")->as_string()), ")"));
          }
        }
      }
      if (living.as_array().empty()) continue;
      kept.Set(entry, mode == "write" ? living.as_array().front() : living);
    }
    for (const std::string& mine : release ? std::vector<std::string>{} : mode == "write" ? write_ : read_) {
      if (mode == "write") {
        kept.Set(mine, own);
      } else {
        const json::Value* others = kept.Find(mine);
        json::Value list = others != nullptr ? *others : json::Value(json::Array{});
        list.Append(own);
        kept.Set(mine, std::move(list));
      }
    }
    if (!kept.as_object().empty()) next.Set(mode, std::move(kept));
  }
  return WriteFile(path, json::Dump(next, {.spaces = true, .ascii = true}), env);
}

}  // namespace pano::data
