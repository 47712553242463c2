#pragma once

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace pano::pipeline {

struct ShellOptions {
  std::string folder = {};                                            // where it runs; absolute
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to the process's own
  bool output_to_stderr = false;  // what it prints on stdout goes to stderr
};

// Runs `command` with the user's shell ($SHELL, else /bin/sh) as DVC does: without the shell's
// start files. It gets a process group of its own and an empty standard input. Once `stop` is
// requested the group gets SIGINT, after a few seconds SIGTERM, then SIGKILL; it dies, too, if this
// process is killed. Failures: Internal, "exited with 3" or "killed by signal 9"; Cancelled;
// NotFound where the folder or the shell is not there. From any thread.
Status RunShellCommand(const std::string& command, const ShellOptions& options,
                       const std::stop_token& stop);

}  // namespace pano::pipeline
