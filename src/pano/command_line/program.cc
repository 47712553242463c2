#include "pano/command_line/program.h"

#include <csignal>
#include <cstdio>
#include <exception>

#include "pano/command_line/command.h"

namespace pano::cli {

int RunProgram(std::string_view name, int argc, char** argv,
               const std::function<int(const std::vector<std::string>& words)>& run) {
  std::signal(SIGPIPE, SIG_IGN);
  int code = 1;
  try {
    code = run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(), e.what());
  }
  return FlushStdout(name, code);
}

}  // namespace pano::cli
