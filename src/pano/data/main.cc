#include <cstdio>
#include <string>
#include <vector>

#include "base/closest_name.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "pano/command_line/documentation.h"
#include "pano/command_line/program.h"
#include "pano/data/commands.h"
#include "pano/version.h"

namespace {

using pano::cli::Args;
using pano::cli::Command;

// Names as people type them, behind "pano".
constexpr Command kCommands[] = {
    {"data init", "Make this folder a repository of data", pano::data::RunInit},
    {"data add", "Track files and folders, or take them anew", pano::data::RunAdd},
    {"data commit", "Take changed data as it is now", pano::data::RunCommit},
    {"data checkout", "Make data what the .dvc files say", pano::data::RunCheckout},
    {"data status", "Show what changed", pano::data::RunStatus},
    {"data diff", "Show what differs between two revisions", pano::data::RunDiff},
    {"data move", "Rename data with its .dvc file", pano::data::RunMove},
    {"data remove", "Track data no longer", pano::data::RunRemove},
    {"data verify", "Hash every object of the cache anew", pano::data::RunVerify},
    {"data gc", "Remove objects that nothing names", pano::data::RunGc},
    {"data push", "Put what a remote lacks of the cache there", pano::data::RunPush},
    {"data fetch", "Get what the cache lacks from a remote", pano::data::RunFetch},
    {"data pull", "Fetch, and make data what the .dvc files say", pano::data::RunPull},
    {"data import", "Bring data of another repository, or a file", pano::data::RunImport},
    {"data repro", "Run the stages of a pipeline that changed", pano::data::RunRepro},
    {"data dag", "Show which stages need which", pano::data::RunDag},
    {"data log", "Show the versions of data, or what made a model", pano::data::RunLog},
};
constexpr std::string_view kPrefix = "data ";

std::string_view NameOf(const Command& command) { return command.name.substr(kPrefix.size()); }

void PrintHelp(std::FILE* to) {
  std::fputs("usage: pano data <subcommand> [options]      pano data <subcommand> --help\n\n"
             "Versions data in the files of DVC 3, which both programs can use in turn.\n\n",
             to);
  for (const Command& c : kCommands) {
    std::fprintf(to, "  %-10s %s\n", std::string(NameOf(c)).c_str(), std::string(c.summary).c_str());
  }
}

// One-letter options, as DVC has them, become the long ones.
std::vector<std::string> LongOptions(std::string_view command, Args args) {
  std::vector<std::string> out;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--") {
      out.insert(out.end(), args.begin() + static_cast<ptrdiff_t>(i), args.end());
      break;
    }
    const bool gc = command == "gc";
    if (arg == "-f") {
      out.push_back("--force");
    } else if (arg == "-r") {
      out.push_back("--remote");
    } else if (arg == "-j") {
      out.push_back("--jobs");
    } else if (arg == "-c" && gc) {
      out.push_back("--cloud");
    } else if (arg == "-s" && command == "repro") {
      out.push_back("--single-item");
    } else if (arg == "-o" && command == "import") {
      out.push_back("--out");
    } else if (arg == "-w" && gc) {
      out.push_back("--workspace");
    } else if (arg == "-a" && gc) {
      out.push_back("--all-branches");
    } else if (arg == "-T" && gc) {
      out.push_back("--all-tags");
    } else if (arg == "-A" && gc) {
      out.push_back("--all-commits");
    } else {
      out.push_back(arg);
    }
  }
  return out;
}

int Run(const std::vector<std::string>& args) {
  if (args.empty()) {
    PrintHelp(stderr);
    return 2;
  }
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    PrintHelp(stdout);
    return 0;
  }
  if (args[0] == "docs") {
    return pano::cli::RunDocs({.name = "pano-data", .summary = "version data", .version = pano::kVersion, .date = "",
                               .prefix = std::string(kPrefix), .commands = {}, .neighbours = {}},
                              kCommands, Args(args).subspan(1));
  }
  std::vector<std::string_view> names;
  for (const Command& c : kCommands) {
    names.push_back(NameOf(c));
    if (args[0] != NameOf(c)) continue;
    pano::MappedFile::EndAtFaults("pano data");
    const std::vector<std::string> words = LongOptions(args[0], Args(args).subspan(1));
    return c.run(c, Args(words));
  }
  std::fprintf(stderr, "pano data: no subcommand '%s'%s\n", pano::Printable(args[0].substr(0, 40)).c_str(),
               pano::DidYouMean(args[0].substr(0, 40), names).c_str());
  PrintHelp(stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) { return pano::cli::RunProgram("pano data", argc, argv, Run); }
