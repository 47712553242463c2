#include "model/train/parallel/local_members.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"

extern char** environ;

namespace pano::train {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(10);

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Result<pid_t> Spawn(const std::string& program, std::vector<std::string> arguments,
                    std::vector<std::string> environment) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr,
                                Pointers(arguments).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error).Wrap(StrCat("[parallel] start ", program));
  return pid;
}

}  // namespace

std::string MemberEnd::ToString() const {
  if (signal != 0) return StrCat("member ", rank, " was killed by signal ", signal);
  return StrCat("member ", rank, " ended with code ", exit_code);
}

Result<LocalMembers> LocalMembers::Start(
    const std::string& program, const std::vector<std::string>& arguments,
    const std::vector<std::pair<std::string, std::string>>& environment,
    const std::vector<int>& ranks) {
  LocalMembers members;
  for (int rank : ranks) {
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(StrCat(name, "=", value));
    variables.push_back(StrCat("PANO_TRAIN_RANK=", rank));
    const size_t own = variables.size();
    for (char** variable = environ; *variable; ++variable) {
      const std::string_view text(*variable);
      const std::string_view name = text.substr(0, text.find('=') + 1);
      bool replaced = false;
      for (size_t i = 0; i < own; ++i) replaced = replaced || variables[i].starts_with(name);
      if (!replaced) variables.emplace_back(text);
    }
    PANO_ASSIGN_OR_RETURN(const pid_t pid, Spawn(program, arguments, std::move(variables)));
    members.running_.push_back({rank, pid});
  }
  return members;
}

LocalMembers::~LocalMembers() { (void)Wait(Duration::zero()); }

std::vector<MemberEnd> LocalMembers::Wait(Duration grace) {
  std::vector<MemberEnd> ends;
  Clock& clock = Clock::Real();
  const TimePoint until = clock.Now() + grace;
  bool killed = false;
  while (!running_.empty()) {
    std::erase_if(running_, [&](const Process& process) {
      int status = 0;
      const pid_t done = waitpid(process.pid, &status, WNOHANG);
      if (done == 0 || (done < 0 && errno == EINTR)) return false;
      MemberEnd end{.rank = process.rank};
      if (done < 0 || WIFSIGNALED(status)) end.signal = done < 0 ? SIGKILL : WTERMSIG(status);
      else end.exit_code = WEXITSTATUS(status);
      ends.push_back(end);
      return true;
    });
    if (running_.empty()) break;
    if (!killed && clock.Now() >= until) {
      for (const Process& process : running_) kill(process.pid, SIGKILL);
      killed = true;
    }
    clock.SleepFor(kPoll);
  }
  return ends;
}

}  // namespace pano::train
