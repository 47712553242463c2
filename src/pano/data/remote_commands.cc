#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "data/version/git_ignore.h"
#include "data/version/sync/chunked_outputs.h"
#include "data/version/sync/import_data.h"
#include "data/version/sync/sync.h"
#include "pano/command_line/interrupt.h"
#include "pano/data/commands.h"
#include "pano/data/session.h"

namespace pano::data {
namespace {

struct RemoteOptions {
  std::string remote;
  int64_t jobs = 0;
  bool force = false, json = false;
};

void Declare(OptionSet* set, RemoteOptions* options) {
  set->String("remote", &options->remote,
              "The remote to use in place of core.remote; an output's own remote stays its own.",
              "NAME")
      .Int("jobs", &options->jobs, 0, 256,
           "How many objects to move at once; 0 takes what the remote makes sense of.")
      .Flag("json", &options->json, "Print what was done as JSON.");
}

SyncOptions SyncOptionsOf(const RemoteOptions& options, const cli::StopOnSignal& stop) {
  SyncOptions sync;
  sync.remote = options.remote;
  sync.jobs = static_cast<int>(options.jobs);
  sync.stop = stop.token();
  return sync;
}

json::Value ToJson(const SyncReport& report, std::string_view verb) {
  json::Value value;
  value.Set(verb, static_cast<int64_t>(report.moved));
  value.Set("bytes", static_cast<int64_t>(report.bytes));
  value.Set("missing", json::Array(report.missing.begin(), report.missing.end()));
  return value;
}

// Prints what was done; the exit code.
int Tell(const cli::Command& self, const SyncReport& report, std::string_view verb, bool as_json) {
  if (as_json) {
    std::printf("%s\n", json::Dump(ToJson(report, verb)).c_str());
  } else {
    std::printf("%s %s, %s bytes; %s there already\n",
                StrCat(report.moved, report.moved == 1 ? " object" : " objects").c_str(),
                std::string(verb).c_str(), StrCat(report.bytes).c_str(),
                StrCat(report.present).c_str());
  }
  if (report.missing.empty()) return 0;
  std::string names;
  for (size_t i = 0; i < report.missing.size() && i < 10; ++i) names += "\n  " + report.missing[i];
  if (report.missing.size() > 10) names += StrCat("\n  and ", report.missing.size() - 10, " more");
  return cli::Fail(self,
                   NotFound(StrCat(report.missing.size(),
                                   " objects are neither in the cache nor on the remote:", names)));
}

cli::Positionals Words() {
  return {"TARGET",
          "Outputs, .dvc files, stages, or paths inside a tracked folder; without any, all.",
          0,
          1'000'000,
          {}};
}

// Push and fetch, which differ in what they do with the objects of the targets.
using MoveObjects = Result<SyncReport> (*)(Workspace&, const std::vector<Target>&, const SyncOptions&);

int RunTransfer(const cli::Command& self, cli::Args args, MoveObjects move, const char* done) {
  RemoteOptions options;
  OptionSet set;
  Declare(&set, &options);
  cli::Positionals words = Words();
  if (const auto code = cli::Parse(self, set, args, &words)) return *code;
  const cli::StopOnSignal stop;
  const auto report = [&]() -> Result<SyncReport> {
    PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
    PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets,
                          FindTargets(*session.repository, session.index, words.values));
    return move(*session.workspace, targets, SyncOptionsOf(options, stop));
  }();
  return report.ok() ? Tell(self, *report, done, options.json) : cli::Fail(self, report.error());
}

}  // namespace

int RunPush(const cli::Command& self, cli::Args args) {
  return RunTransfer(self, args, Push, "pushed");
}

int RunFetch(const cli::Command& self, cli::Args args) {
  return RunTransfer(self, args, Fetch, "fetched");
}

int RunPull(const cli::Command& self, cli::Args args) {
  RemoteOptions options;
  OptionSet set;
  Declare(&set, &options);
  set.Flag("force", &options.force,
           "Replace changed files of the workspace, also where their content is nowhere else.");
  cli::Positionals words = Words();
  if (const auto code = cli::Parse(self, set, args, &words)) return *code;
  const cli::StopOnSignal stop;
  Status first;  // failure of a checkout
  const auto report = [&]() -> Result<SyncReport> {
    PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
    PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets,
                          FindTargets(*session.repository, session.index, words.values));
    PANO_ASSIGN_OR_RETURN(const auto locks, session.LockPaths("pull", targets, /*write=*/true));
    PANO_ASSIGN_OR_RETURN(SyncReport done,
                          Fetch(*session.workspace, targets, SyncOptionsOf(options, stop)));
    PANO_ASSIGN_OR_RETURN(const std::vector<ObjectId> restored,
                          RestoreChunked(*session.workspace, targets));
    // What came is checked out even where something else is nowhere.
    for (const Target& target : targets) {
      if (!target.output->id || !target.output->cached) continue;
      const auto changed = session.workspace->Checkout(
          *target.output, {.force = options.force, .relink = false, .part = target.part});
      if (!changed.ok() && first.ok()) first = changed.error();
    }
    PANO_RETURN_IF_ERROR(RemoveRestored(*session.workspace, restored));
    return done;
  }();
  if (!report.ok()) return cli::Fail(self, report.error());
  if (report->missing.empty() && !first.ok()) return cli::Fail(self, first);
  return Tell(self, *report, "fetched", options.json);
}

int RunImport(const cli::Command& self, cli::Args args) {
  ImportOptions options;
  OptionSet set;
  set.String("rev", &options.revision,
             "The revision of git to import from; without it what is checked out there.", "REV")
      .String("out", &options.out, "Where the data goes; without it a name as it has there, here.",
              "PATH");
  cli::Positionals words{"SOURCE [PATH]",
                         "A repository of data, a folder or a URL of git, and the data in it; or "
                         "one path or URL of a file "
                         "that is no data of a repository.",
                         1,
                         2,
                         {}};
  if (const auto code = cli::Parse(self, set, args, &words)) return *code;
  const cli::StopOnSignal stop;
  const auto imported = [&]() -> Result<Output> {
    PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
    options.from = words.values[0];
    if (words.values.size() == 2) options.path = words.values[1];
    while (options.path.ends_with('/')) options.path.pop_back();
    const std::string name = NameOfSource(options.path.empty() ? options.from : options.path);
    if (name.empty() && options.out.empty())
      return InvalidArgument(StrCat(Printable(options.from, 200), ": has no name for the data: give one with --out"));
    PANO_ASSIGN_OR_RETURN(options.out,
                          session.repository->Relative(options.out.empty() ? name : options.out));
    options.sync.stop = stop.token();
    PANO_ASSIGN_OR_RETURN(Output output, words.values.size() == 2
                                             ? ImportFromRepository(*session.workspace, options)
                                             : ImportUrl(*session.workspace, options));
    PANO_RETURN_IF_ERROR(AddToGitIgnore(*session.repository, output.path));
    return output;
  }();
  if (!imported.ok()) return cli::Fail(self, imported.error());
  std::printf("%s, version %s\n", imported->source.c_str(), imported->id->ToString().c_str());
  return 0;
}

}  // namespace pano::data
