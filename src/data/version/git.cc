#include "data/version/git.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"

extern char** environ;

namespace pano::data {
namespace {

// A file in memory that holds `text` and is read from its start; -1 where there is none to be had.
int MemoryFile(const std::string& text) {
  const int fd = ::memfd_create("pano-git", MFD_CLOEXEC);
  for (size_t done = 0; fd >= 0 && done < text.size();) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n <= 0) {
      ::close(fd);
      return -1;
    }
    done += static_cast<size_t>(n);
  }
  if (fd >= 0) (void)::lseek(fd, 0, SEEK_SET);
  return fd;
}

std::string ReadAll(int fd, size_t bytes_max, bool* whole) {
  std::string out;
  char buffer[64 << 10];
  *whole = true;
  while (true) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out;
    if (out.size() + static_cast<size_t>(n) > bytes_max) {
      *whole = false;
      return out;
    }
    out.append(buffer, static_cast<size_t>(n));
  }
}

}  // namespace

Result<std::string> RunGit(const std::string& folder, const std::vector<std::string>& args, const std::string& input,
                           size_t bytes_max) {
  // Only what is read is run: whose the checkout is does not matter, and no pager, hook or prompt takes part.
  std::vector<std::string> words{"git", "-c", "safe.directory=*", "-c", "core.quotePath=false", "--no-pager", "-C", folder};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return ErrnoStatus(errno).Wrap("git");
  const int in = MemoryFile(input), err = MemoryFile("");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  pid_t pid = 0;
  const int spawned = in < 0 || err < 0 ? ENFILE : ::posix_spawnp(&pid, "git", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  if (in >= 0) ::close(in);
  std::string text, said;
  bool whole = true, unused = true;
  int state = 0;
  if (spawned == 0) {
    text = ReadAll(out[0], bytes_max, &whole);
    ::close(out[0]);   // git ends where nobody reads on
    while (::waitpid(pid, &state, 0) < 0 && errno == EINTR) {
    }
    (void)::lseek(err, 0, SEEK_SET);
    said = ReadAll(err, 4096, &unused);
  } else {
    ::close(out[0]);
  }
  if (err >= 0) ::close(err);
  if (spawned != 0) return Status(StatusCode::kUnavailable, StrCat("git cannot be run: ", ErrnoStatus(spawned).message()));
  if (!whole) return Status(StatusCode::kUnavailable, StrCat("git ", args.front(), " wrote more than ", bytes_max, " bytes"));
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
    return InvalidArgument(StrCat("git ", args.front(), ": ", Printable(Trim(said), 300)));
  }
  return text;
}

}  // namespace pano::data
