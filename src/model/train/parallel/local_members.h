#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace pano::train {

// How a member's process ended.
struct MemberEnd {
  int rank = 0;
  int exit_code = 0;  // where `signal` is 0
  int signal = 0;     // that killed it

  bool ok() const { return exit_code == 0 && signal == 0; }
  std::string ToString() const;  // "member 2 was killed by signal 9"
};

// Processes of this machine that are members of a run, started by one of them; none outlives this.
// Confined to one thread.
class LocalMembers {
 public:
  // Starts `program` with `arguments` (its name first) once for each rank, with this process's
  // environment and, in front of it, `environment` and PANO_TRAIN_RANK. They read no input.
  static Result<LocalMembers> Start(const std::string& program,
                                    const std::vector<std::string>& arguments,
                                    const std::vector<std::pair<std::string, std::string>>& environment,
                                    const std::vector<int>& ranks);
  LocalMembers() = default;
  LocalMembers(LocalMembers&& other) noexcept : running_(std::exchange(other.running_, {})) {}
  LocalMembers& operator=(LocalMembers&& other) noexcept {
    std::swap(running_, other.running_);
    return *this;
  }
  ~LocalMembers();

  // Waits until all have ended, and kills those that have not after `grace`.
  std::vector<MemberEnd> Wait(Duration grace);

 private:
  struct Process {
    int rank = 0;
    pid_t pid = 0;
  };
  std::vector<Process> running_;
};

}  // namespace pano::train
