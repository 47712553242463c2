#include "model/train/commands.h"

#include <ATen/Parallel.h>

#include <cstdio>

#include "base/strings.h"

// Torch does not steer the threads of the BLAS under it; OpenBLAS has this, others may not.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int count);

namespace pano::train {

int ParseOrExplain(std::string_view command, OptionSet& options, Args args) {
  bool help = false;
  options.Flag("help", &help, "Show this help");
  if (Status status = ParseArgs(options, args); !status.ok()) {
    return FailCommandUsage(command, status.message());
  }
  if (!help) return -1;
  std::string text = StrCat("usage: pano train ", command, " [options]\n\n", HelpText(options));
  std::fputs(text.c_str(), stdout);
  return 0;
}

int FailCommand(std::string_view command, const Status& status) {
  std::string line = StrCat("pano train ", command, ": ", status.message(), "\n");
  std::fputs(line.c_str(), stderr);
  return 1;
}

int FailCommandUsage(std::string_view command, std::string_view message) {
  std::string line =
      StrCat("pano train ", command, ": ", message, "\nsee pano train ", command, " --help\n");
  std::fputs(line.c_str(), stderr);
  return 2;
}

void SetTorchThreads(int count) {
  at::set_num_threads(count);
  if (openblas_set_num_threads) openblas_set_num_threads(count);
}

}  // namespace pano::train
