#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "model/train/commands.h"

namespace {

using pano::train::Args;

struct Subcommand {
  std::string_view name;
  std::string_view summary;
  int (*run)(Args args);
};
constexpr Subcommand kSubcommands[] = {
    {"lm", "Train a language model from a recipe", pano::train::RunLm},
    {"ngram", "Measure the n-gram baselines on a recipe's held-out text", pano::train::RunNgram},
    {"answers", "Write known answers of a model folder", pano::train::RunAnswers},
};

void PrintHelp(std::FILE* to) {
  std::fputs("usage: pano train <subcommand> [options]      pano train <subcommand> --help\n\n",
             to);
  for (const Subcommand& s : kSubcommands) {
    std::fprintf(to, "  %-10s %s\n", std::string(s.name).c_str(), std::string(s.summary).c_str());
  }
}

int Run(const std::vector<std::string>& args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h" || args[0] == "help")) {
    PrintHelp(stdout);
    return 0;
  }
  for (const Subcommand& s : kSubcommands) {
    if (!args.empty() && args[0] == s.name) return s.run(Args(args).subspan(1));
  }
  if (!args.empty()) std::fprintf(stderr, "pano train: no subcommand '%.40s'\n", args[0].c_str());
  PrintHelp(stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& e) {  // torch throws where memory runs out, for one
    std::fprintf(stderr, "pano train: %s\n", e.what());
    return 1;
  }
}
