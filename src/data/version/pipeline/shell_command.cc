#include "data/version/pipeline/shell_command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/env.h"
#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::pipeline {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLook{50};  // between looks at the stop token
constexpr milliseconds kUntilTerminate{5'000}, kUntilKill{10'000};

std::vector<std::string> ArgumentsOf(const std::string& command) {
  std::string shell = EnvironmentVariable("SHELL");
  if (shell.empty()) shell = "/bin/sh";
  std::vector<std::string> arguments = {shell};
  const std::string_view name = BaseName(shell);
  if (name == "bash") arguments.insert(arguments.end(), {"--noprofile", "--norc"});
  if (name == "zsh") arguments.emplace_back("--no-rcs");
  arguments.insert(arguments.end(), {"-c", command});
  return arguments;
}

std::vector<std::string> EnvironmentOf(const ShellOptions& options) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    bool replaced = false;
    for (const auto& [name, value] : options.environment)
      replaced = replaced || text.starts_with(name + "=");
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) all.push_back(StrCat(name, "=", value));
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: system calls only. Writes errno into `report` when it fails.
[[noreturn]] void Become(const char* folder, char* const* arguments, char* const* environment,
                         bool to_stderr, pid_t parent, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGQUIT}) ::signal(number, SIG_DFL);
  const int empty = ::open("/dev/null", O_RDONLY);
  bool ok = empty >= 0 && ::dup2(empty, STDIN_FILENO) >= 0;
  if (to_stderr) ok = ok && ::dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
  if (ok && ::chdir(folder) == 0) ::execve(arguments[0], arguments, environment);
  const int why = errno;
  static_cast<void>(!::write(report, &why, sizeof why));
  ::_exit(127);
}

// Waits for the end of the child and of its group when it is stopped. Confined to one thread.
int WaitFor(pid_t child, const std::stop_token& stop) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  std::chrono::steady_clock::time_point asked;
  int signals = 0;
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) break;
    if (stop.stop_requested()) {
      const auto now = std::chrono::steady_clock::now();
      if (signals == 0) asked = now;
      const auto waited = now - asked;
      const int wanted = waited >= kUntilKill ? 3 : waited >= kUntilTerminate ? 2 : 1;
      while (signals < wanted)
        ::kill(-child, signals == 0 ? SIGINT : signals == 1 ? SIGTERM : SIGKILL), ++signals;
    }
    if (handle >= 0) {
      pollfd ready{handle, POLLIN, 0};
      ::poll(&ready, 1, static_cast<int>(kLook.count()));
    } else {
      std::this_thread::sleep_for(kLook);
    }
  }
  if (handle >= 0) ::close(handle);
  if (stop.stop_requested()) ::kill(-child, SIGKILL);  // what it left in the background
  return status;
}

}  // namespace

Status RunShellCommand(const std::string& command, const ShellOptions& options,
                       const std::stop_token& stop) {
  if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
  std::vector<std::string> arguments = ArgumentsOf(command), environment = EnvironmentOf(options);
  const std::vector<char*> argument_pointers = Pointers(arguments),
                           environment_pointers = Pointers(environment);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return ErrnoStatus(errno);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    const int why = errno;
    ::close(report[0]);
    ::close(report[1]);
    return ErrnoStatus(why).Wrap("cannot start a process");
  }
  if (child == 0) {
    Become(options.folder.c_str(), argument_pointers.data(), environment_pointers.data(),
           options.output_to_stderr, parent, report[1]);
  }
  ::setpgid(child, child);  // whoever comes first
  ::close(report[1]);
  int why = 0;
  const bool failed = ::read(report[0], &why, sizeof why) == sizeof why;
  ::close(report[0]);
  const int status = WaitFor(child, stop);
  if (failed)
    return ErrnoStatus(why).Wrap(StrCat("cannot run ", arguments[0], " in ", options.folder));
  if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
  if (WIFSIGNALED(status)) return Internal(StrCat("killed by signal ", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return Internal(StrCat("exited with ", WEXITSTATUS(status)));
  return {};
}

}  // namespace pano::pipeline
