#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "base/env.h"
#include "base/strings.h"
#include "model/kernels/cpu.h"
#include "pano/cli.h"
#include "pano/local_model.h"
#include "pano/version.h"

namespace pano::cli {
namespace {

// pano-train lives beside this binary, so that serving hosts never link what training needs.
int RunTrain(const Command& self, Args args) {
  std::string train = JoinPath(BinaryFolder(), "pano-train");
  std::vector<char*> argv = {train.data()};
  std::vector<std::string> copies(args.begin(), args.end());
  for (std::string& copy : copies) argv.push_back(copy.data());
  argv.push_back(nullptr);
  ::execv(train.c_str(), argv.data());
  return Fail(self, NotFound(StrCat(train, " cannot be started")),
              "build it with './pano train --help' in a checkout");
}

constexpr Command kCommands[] = {
    {"serve", "Serve models over HTTP: OpenAI routes, predict, metrics", RunServe},
    {"run", "Generate text from a prompt", RunRun},
    {"inspect", "Say what a model file is", RunInspect},
    {"tokenize", "Turn text into token ids and back", RunTokenize},
    {"template", "Render a chat template", RunTemplate},
    {"convert", "Write a model in another form or type", RunConvert},
    {"quantize", "Write a model's matrices as the fast products read them", RunQuantize},
    {"eval", "Measure perplexity, or write logits", RunEval},
    {"bench", "Measure tokens per second on this machine", RunBench},
    {"load", "Put a server under load and measure latencies", RunLoad},
    {"train", "Train a small language model (needs pano-train)", RunTrain},
};

void PrintHelp(std::FILE* to) {
  std::fputs("Panorama: plan, train, serve and watch large models.\n\n"
             "usage: pano <command> [options]      pano <command> --help\n\n", to);
  for (const Command& command : kCommands) {
    std::fprintf(to, "  %-10.*s %.*s\n", static_cast<int>(command.name.size()),
                 command.name.data(), static_cast<int>(command.summary.size()),
                 command.summary.data());
  }
  std::fputs("\n  --version  Print the version\n", to);
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);      // a reader that went away is a failed write, not a signal
  std::vector<std::string> args(argv + 1, argv + argc);
  if (args.empty()) {
    PrintHelp(stderr);
    return 2;
  }
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    PrintHelp(stdout);
    return 0;
  }
  if (args[0] == "--version") {
    std::printf("pano %s (%s)\n", kVersion, kCommit);
    return 0;
  }
  for (const Command& command : kCommands) {
    if (command.name != args[0]) continue;
    if (auto mask = kernels::ReadCpuMask(); !mask.ok()) return Fail(command, mask.error());
    return command.run(command, Args(args).subspan(1));
  }
  std::fprintf(stderr, "pano: no command '%s'\n  hint: see 'pano --help'\n",
               Printable(args[0]).c_str());
  return 2;
}

}  // namespace
}  // namespace pano::cli

int main(int argc, char** argv) {
  int code = 1;
  try {
    code = pano::cli::Main(argc, argv);
  } catch (const std::exception& error) {     // out of memory, in practice
    std::fprintf(stderr, "pano: %s\n", error.what());
  }
  // Output that could not be written is a failure, whatever the command thought of it.
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) code = code == 0 ? 1 : code;
  return code;
}
