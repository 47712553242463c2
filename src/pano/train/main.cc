#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/strings.h"
#include "pano/command_line/documentation.h"
#include "pano/command_line/program.h"
#include "pano/train/commands.h"
#include "pano/version.h"

namespace {

using pano::cli::Args;
using pano::cli::Command;

// Names as people type them, behind "pano".
constexpr Command kCommands[] = {
    {"train run", "Train a model or a tokenizer as a recipe says", pano::train::RunTrain},
    {"train keys", "Print the keys that recipes have", pano::train::RunKeys},
    {"train stories", "Cut a text into stories and hold some out", pano::train::RunStories},
    {"train ngram", "Measure n-gram baselines on held-out text", pano::train::RunNgram},
    {"train answers", "Write known answers of a model folder", pano::train::RunAnswers},
};
constexpr std::string_view kPrefix = "train ";

void PrintHelp(std::FILE* to) {
  std::fputs("usage: pano train RECIPE.yaml --out DIR [--resume] [--json]      pano train <subcommand> --help\n\n"
             "Trains a model or a tokenizer as a recipe says. All options: pano train run --help\n\n",
             to);
  for (const Command& c : kCommands) {
    std::fprintf(to, "  %-10s %s\n", std::string(c.name.substr(kPrefix.size())).c_str(), std::string(c.summary).c_str());
  }
}

int Run(const std::vector<std::string>& args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h" || args[0] == "help")) {
    PrintHelp(stdout);
    return 0;
  }
  if (!args.empty() && args[0] == "docs") {
    return pano::cli::RunDocs({.name = "pano-train", .summary = "train models",
                               .version = pano::kVersion, .date = "", .prefix = std::string(kPrefix),
                               .commands = {}, .neighbours = {}},
                              kCommands, Args(args).subspan(1));
  }
  for (const Command& c : kCommands) {
    if (!args.empty() && args[0] == c.name.substr(kPrefix.size())) {
      pano::MappedFile::EndAtFaults("pano train");
      return c.run(c, Args(args).subspan(1));
    }
  }
  // Options, or a recipe.
  if (!args.empty() && (args[0].starts_with("-") || args[0].find('.') != std::string::npos)) {
    pano::MappedFile::EndAtFaults("pano train");
    return kCommands[0].run(kCommands[0], Args(args));
  }
  if (!args.empty()) {
    std::fprintf(stderr, "pano train: no subcommand '%s'\n",
                 pano::Printable(args[0].substr(0, 40)).c_str());
  }
  PrintHelp(stderr);
  return 2;
}

// Threads of OpenMP meet after each operator of a step. By default libgomp's wait for each other in a busy loop, which
// takes the cores from the trainer's other threads and from other programs. It reads the policy when it is loaded, before
// main: so the program starts once more, with the policy set. A policy that the user set stays.
void WaitWithoutSpinning(char** argv) {
  constexpr const char* kPolicy = "OMP_WAIT_POLICY";
  if (std::getenv(kPolicy) != nullptr || ::setenv(kPolicy, "passive", 1) != 0) return;
  ::execv("/proc/self/exe", argv);  // returns only where it cannot: then as without
}

}  // namespace

int main(int argc, char** argv) {
  WaitWithoutSpinning(argv);
  return pano::cli::RunProgram("pano train", argc, argv, Run);
}
