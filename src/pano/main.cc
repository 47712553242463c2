#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "base/closest_name.h"
#include "base/env.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "model/kernels/cpu.h"
#include "pano/cli.h"
#include "pano/cmd_plan.h"
#include "pano/command_line/documentation.h"
#include "pano/local_model.h"
#include "pano/version.h"

namespace pano::cli {
namespace {

// A command that lives in an executable of its own beside this one, so that a serving host never
// links what training, data or planning needs.
struct Neighbour {
  std::string_view name;
  std::string_view executable;
  std::string_view summary;
};
constexpr Neighbour kNeighbours[] = {
    {"train", "pano-train", "Train a small language model"},
    {"data", "pano-data", "Version data"},
    {"infra", "pano-infra", "Simulate clusters"},
    {"edge", "pano-edge", "Run models on small devices"},
    {"federate", "pano-federate", "Train across sites that keep their data"},
};

std::string PathOf(const Neighbour& neighbour) {
  return JoinPath(BinaryFolder(), neighbour.executable);
}

// Becomes the neighbour; returns the exit code only where that cannot be started.
int RunNeighbour(const Neighbour& neighbour, Args args) {
  std::string path = PathOf(neighbour);
  std::vector<char*> argv = {path.data()};
  std::vector<std::string> copies(args.begin(), args.end());
  for (std::string& copy : copies) argv.push_back(copy.data());
  argv.push_back(nullptr);
  ::execv(path.c_str(), argv.data());
  std::fprintf(stderr, "pano %s: %s cannot be started: %s\n"
               "  hint: build it with './pano %s --help' in a checkout\n",
               std::string(neighbour.name).c_str(), Printable(path, 400).c_str(),
               std::strerror(errno), std::string(neighbour.name).c_str());
  return 1;
}

constexpr Command kCommands[] = {
    {"serve", "Serve models over HTTP: OpenAI routes, predict, metrics.", RunServe},
    {"run", "Generate text from a prompt.", RunRun},
    {"chat", "Talk to a model in the terminal.", RunChat},
    {"pull", "Fetch a model from the Hugging Face Hub.", RunPull},
    {"models", "List, show, remove or verify the models that were pulled.", RunModels},
    {"inspect", "Describe a model file, or what differs between two.", RunInspect},
    {"tokenize", "Turn text into token ids and back.", RunTokenize},
    {"template", "Render a chat template.", RunTemplate},
    {"grammar", "Check texts against a JSON Schema, a regex or a GBNF grammar.", RunGrammar},
    {"convert", "Write a model in another format or type.", RunConvert},
    {"merge", "Merge an adapter into its model.", RunMerge},
    {"quantize", "Quantise a model into a folder that loads by mapping.", RunQuantize},
    {"eval", "Measure perplexity, or write logits.", RunEval},
    {"bench", "Measure tokens per second on this machine.", RunBench},
    {"doctor", "Say what this machine lets a server do, and what is wrong with it.", RunDoctor},
    {"load", "Put a server under load and measure latencies.", RunLoad},
    {"plan", "Plan the hardware for a model: memory, parallelism, capacity.", RunPlan},
    {"auth", "Manage who may call a server, and check tokens.", RunAuth},
};

void PrintHelp(std::FILE* to) {
  std::fputs("Panorama: plan, train, serve and watch large models.\n\n"
             "usage: pano <command> [options]      pano <command> --help\n\n", to);
  for (const Command& command : kCommands) {
    std::fprintf(to, "  %-10.*s %.*s\n", static_cast<int>(command.name.size()),
                 command.name.data(), static_cast<int>(command.summary.size()),
                 command.summary.data());
  }
  for (const Neighbour& neighbour : kNeighbours) {
    if (!FileExists(PathOf(neighbour))) continue;
    std::fprintf(to, "  %-10s %s (%s).\n", std::string(neighbour.name).c_str(),
                 std::string(neighbour.summary).c_str(), std::string(neighbour.executable).c_str());
  }
  std::fputs("\n  --version  Print the version.\n", to);
}

ProgramText Describe() {
  ProgramText text{.name = "pano", .summary = "serve, run and measure large models",
                   .version = kVersion, .date = "", .prefix = "", .commands = {}, .neighbours = {}};
  for (const Neighbour& neighbour : kNeighbours) {
    if (FileExists(PathOf(neighbour))) text.neighbours.emplace_back(neighbour.name);
  }
  return text;
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
  if (args[0] == "docs") return RunDocs(Describe(), kCommands, Args(args).subspan(1));
  for (const Command& command : kCommands) {
    if (command.name != args[0]) continue;
    if (auto mask = kernels::ReadCpuMask(); !mask.ok()) return Fail(command, mask.error());
    MappedFile::EndAtFaults(StrCat("pano ", command.name));
    return command.run(command, Args(args).subspan(1));
  }
  for (const Neighbour& neighbour : kNeighbours) {
    if (neighbour.name == args[0]) return RunNeighbour(neighbour, Args(args).subspan(1));
  }
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) names.push_back(command.name);
  for (const Neighbour& neighbour : kNeighbours) names.push_back(neighbour.name);
  std::fprintf(stderr, "pano: no command '%s'%s\n  hint: see 'pano --help'\n",
               Printable(args[0]).c_str(), DidYouMean(args[0], names).c_str());
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
  return pano::cli::FlushStdout("pano", code);
}
