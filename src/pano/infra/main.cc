#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/closest_name.h"
#include "base/strings.h"
#include "pano/command_line/documentation.h"
#include "pano/command_line/program.h"
#include "pano/infra/commands.h"
#include "pano/version.h"

namespace {

using pano::cli::Args;
using pano::cli::Command;

// Names as people type them, behind "pano".
constexpr Command kCommands[] = {
    {"infra sim allreduce", "Time all-reduces on a cluster, in closed form and simulated", pano::infra::RunSimAllReduce},
    {"infra sim step", "Time a training step whose gradients are added while it computes", pano::infra::RunSimStep},
    {"infra sim serve", "Replay a trace of requests against a plan of serving", pano::infra::RunSimServe},
    {"infra sim queue", "Simulate a queue with Poisson arrivals, beside its closed form", pano::infra::RunSimQueue},
    {"infra sim flows", "Share links among flows, max-min fair, and say when each ends", pano::infra::RunSimFlows},
    {"infra sim bench", "Measure how many events a second the simulator makes", pano::infra::RunSimBench},
};
constexpr std::string_view kPrefix = "infra ";

void PrintHelp(std::FILE* to) {
  std::fputs("usage: pano infra <command> [options]      pano infra <command> --help\n\n"
             "Simulates clusters: networks, collectives, training steps, serving, queues.\n\n",
             to);
  for (const Command& c : kCommands) {
    std::fprintf(to, "  %-16s %s.\n", std::string(c.name.substr(kPrefix.size())).c_str(), std::string(c.summary).c_str());
  }
}

// The command that the first words name, and how many words that are.
const Command* Find(const std::vector<std::string>& args, size_t* words) {
  for (const Command& c : kCommands) {
    const auto name = pano::Split(c.name.substr(kPrefix.size()), ' ');
    if (name.size() > args.size() || !std::equal(name.begin(), name.end(), args.begin())) continue;
    *words = name.size();
    return &c;
  }
  return nullptr;
}

int Run(const std::vector<std::string>& args) {
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h" || word == "help"; };
  if (!args.empty() && (is_help(args[0]) || (args[0] == "sim" && args.size() > 1 && is_help(args[1])))) {
    PrintHelp(stdout);
    return 0;
  }
  if (!args.empty() && args[0] == "docs") {
    return pano::cli::RunDocs({.name = "pano-infra", .summary = "simulate clusters",
                               .version = pano::kVersion, .date = "", .prefix = std::string(kPrefix),
                               .commands = {}, .neighbours = {}},
                              kCommands, Args(args).subspan(1));
  }
  size_t words = 0;
  if (const Command* command = Find(args, &words)) return command->run(*command, Args(args).subspan(words));
  if (!args.empty() && !(args.size() == 1 && args[0] == "sim")) {
    const std::string typed = pano::StrCat(args[0], args.size() > 1 && args[0] == "sim" ? " " + args[1] : "");
    std::vector<std::string_view> names;
    for (const Command& c : kCommands) names.push_back(c.name.substr(kPrefix.size()));
    std::fprintf(stderr, "pano infra: no command '%s'%s\n", pano::Printable(typed, 60).c_str(), pano::DidYouMean(typed, names).c_str());
  }
  PrintHelp(stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) { return pano::cli::RunProgram("pano infra", argc, argv, Run); }
