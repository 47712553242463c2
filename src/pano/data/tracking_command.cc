// init, add, commit, checkout, move, remove.

#include <cstdio>
#include <set>
#include <utility>

#include "base/strings.h"
#include "data/version/dvc_file.h"
#include "data/version/git_ignore.h"
#include "data/version/pipeline/repro.h"
#include "data/version/sync/chunked_outputs.h"
#include "data/version/tracking.h"
#include "pano/data/commands.h"
#include "pano/data/session.h"

namespace pano::data {
namespace {

constexpr size_t kWordsMax = 1'000'000;

cli::Positionals Targets() {
  return {"TARGET", "Data, a path inside it, a .dvc file, a folder or a stage; without any, everything that is tracked.", 0, kWordsMax, {}};
}

Status Add(const std::vector<std::string>& words, bool commit) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, PathsFromRoot(*session.repository, words));
  std::vector<std::string> locked;
  for (const std::string& path : paths) locked.push_back(session.repository->Absolute(path));
  PANO_ASSIGN_OR_RETURN(const auto locks, PathLocks::Take(*session.repository, "pano data add", {}, locked));
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> written, Tracking(*session.workspace, session.index).Add(paths, commit));
  for (const std::string& file : written) std::fprintf(stderr, "%s\n", Printable(file, 300).c_str());
  return {};
}

// Files that are kept in chunks from now on, or taken anew.
Status AddChunked(const std::vector<std::string>& words) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  const Repository& repository = *session.repository;
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, PathsFromRoot(repository, words));
  for (const std::string& path : paths) {
    const Output* known = session.index.At(path);
    if (known != nullptr && !known->stage.empty()) return InvalidArgument(StrCat("'", Printable(path, 200), "' is an output of a stage"));
    const Output* around = session.index.Holding(path);
    if (known == nullptr && (around != nullptr || !session.index.In(path).empty())) {
      return InvalidArgument(StrCat("'", Printable(path, 200), "' lies in tracked data, or holds some: chunks are for a file of its own"));
    }
    Output output;
    output.path = path;
    output.source = path + ".dvc";
    if (known != nullptr) output = *known;
    uint64_t added = 0;
    PANO_ASSIGN_OR_RETURN(const Output stored, StoreChunked(*session.workspace, output, &added));
    PANO_ASSIGN_OR_RETURN(DvcFile file, known != nullptr ? DvcFile::Load(repository, known->source) : Result<DvcFile>(DvcFile::For(stored, stored.source)));
    for (size_t i = 0; known != nullptr && i < file.outputs().size(); ++i) {
      if (file.outputs()[i].path == path) PANO_RETURN_IF_ERROR(file.Update(i, stored));
    }
    PANO_RETURN_IF_ERROR(file.Save(repository));
    PANO_RETURN_IF_ERROR(AddToGitIgnore(repository, path));
    std::fprintf(stderr, "%s, %llu bytes added to the cache\n", Printable(stored.source, 300).c_str(), static_cast<unsigned long long>(added));
  }
  return {};
}

// Stages whose outputs are among the targets: dvc.lock says what they are now.
Status CommitStagesOf(Session& session, const std::vector<Target>& targets, bool force) {
  std::vector<std::string> changed;
  std::set<std::pair<std::string, std::string>> wanted;   // lock file and stage
  for (const Target& target : targets) {
    const Output& output = *target.output;
    if (output.stage.empty()) continue;
    wanted.emplace(output.source, output.stage);
    if (force) continue;
    PANO_ASSIGN_OR_RETURN(const bool same, session.workspace->Unchanged(output));
    if (!same) changed.push_back(output.path);
  }
  if (!changed.empty()) {
    return Status(StatusCode::kPermissionDenied,
                  StrCat(Printable(changed.front(), 300), changed.size() > 1 ? StrCat(" and ", changed.size() - 1, " more") : "",
                         ": what a stage made has changed since (--force commits it)"));
  }
  if (wanted.empty() || !force) return {};
  const auto files = FileSource::OfWorkspace(*session.repository);
  PANO_ASSIGN_OR_RETURN(pipeline::Pipelines pipelines, pipeline::Pipelines::Load(*session.repository, *files));
  std::vector<size_t> stages;
  for (size_t i = 0; i < pipelines.stages().size(); ++i) {
    const pipeline::Stage& stage = pipelines.stages()[i];
    if (wanted.contains({pipeline::LockPathOf(stage.file), stage.name})) stages.push_back(i);
  }
  PANO_RETURN_IF_ERROR(pipeline::CommitStages(*session.repository, *session.workspace, pipelines, stages));
  for (const size_t i : stages) {
    for (const pipeline::StageOut& out : pipelines.stages()[i].outs) {
      if (out.cache && !out.at.outside) PANO_RETURN_IF_ERROR(AddToGitIgnore(*session.repository, out.at.path));
    }
  }
  return {};
}

Status Commit(const std::vector<std::string>& words, bool force) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(*session.repository, session.index, words));
  PANO_ASSIGN_OR_RETURN(const auto locks, session.LockPaths("commit", targets, /*write=*/true));
  PANO_RETURN_IF_ERROR(Tracking(*session.workspace, session.index).Commit(targets, force));
  return CommitStagesOf(session, targets, force);
}

Status Checkout(const std::vector<std::string>& words, CheckoutOptions options) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(*session.repository, session.index, words));
  PANO_ASSIGN_OR_RETURN(const auto locks, session.LockPaths("checkout", targets, /*write=*/true));
  PANO_ASSIGN_OR_RETURN(const std::vector<ObjectId> restored, RestoreChunked(*session.workspace, targets));
  // Each target is done; the first failure is told, the others are counted.
  Status first;
  size_t failures = 0;
  for (const Target& target : targets) {
    options.part = target.part;
    const auto changed = session.workspace->Checkout(*target.output, options);
    if (changed.ok()) {
      if (*changed) std::fprintf(stderr, "%s\n", Printable(target.output->Shown(), 300).c_str());
      continue;
    }
    if (failures++ == 0) first = changed.status();
  }
  PANO_RETURN_IF_ERROR(RemoveRestored(*session.workspace, restored));
  return failures > 1 ? first.Wrap(StrCat(failures, " targets failed, the first")) : first;
}

Status Move(const std::vector<std::string>& words) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, PathsFromRoot(*session.repository, words));
  return Tracking(*session.workspace, session.index).Move(paths[0], paths[1]);
}

Status Remove(const std::vector<std::string>& words, bool outs, bool force) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, PathsFromRoot(*session.repository, words));
  for (const std::string& path : paths) {
    if (!path.ends_with(".dvc")) return InvalidArgument(path + ": is no .dvc file; stages are removed from dvc.yaml by hand");
    PANO_RETURN_IF_ERROR(Tracking(*session.workspace, session.index).Remove(path, outs, force));
  }
  return {};
}

}  // namespace

int RunInit(const cli::Command& self, cli::Args args) {
  InitOptions init;
  OptionSet options;
  options.Flag("no-scm", &init.no_scm, "Work without git.")
      .Flag("force", &init.force, "Make the settings anew where there is a repository already; its cache stays.")
      .Flag("subdir", &init.subfolder, "Init a folder below the root of the git repository.");
  if (const auto code = cli::Parse(self, options, args)) return *code;
  const Status status = InitRepository(".", init);
  return status.ok() ? 0 : cli::Fail(self, status);
}

int RunAdd(const cli::Command& self, cli::Args args) {
  bool no_commit = false, chunked = false;
  OptionSet options;
  options.Flag("no-commit", &no_commit, "Write the .dvc files without storing the data: `commit` does that later.")
      .Flag("chunked", &chunked, "Keep large files that change a little in chunks: a version costs what it does not share with those before.");
  cli::Positionals paths{"PATH", "Files and folders that are data from now on, or that changed.", 1, kWordsMax, {}};
  if (const auto code = cli::Parse(self, options, args, &paths)) return *code;
  if (chunked && no_commit) return cli::FailUsage(self, "--chunked and --no-commit exclude each other");
  const Status status = chunked ? AddChunked(paths.values) : Add(paths.values, !no_commit);
  return status.ok() ? 0 : cli::Fail(self, status);
}

int RunCommit(const cli::Command& self, cli::Args args) {
  bool force = false;
  OptionSet options;
  options.Flag("force", &force, "Commit what has changed since its .dvc file was written, too.");
  cli::Positionals targets = Targets();
  if (const auto code = cli::Parse(self, options, args, &targets)) return *code;
  const Status status = Commit(targets.values, force);
  return status.ok() ? 0 : cli::Fail(self, status);
}

int RunCheckout(const cli::Command& self, cli::Args args) {
  CheckoutOptions checkout;
  OptionSet options;
  options.Flag("force", &checkout.force, "Overwrite and remove what the cache does not have.")
      .Flag("relink", &checkout.relink, "Link anew what is already right, by cache.type.");
  cli::Positionals targets = Targets();
  if (const auto code = cli::Parse(self, options, args, &targets)) return *code;
  const Status status = Checkout(targets.values, checkout);
  return status.ok() ? 0 : cli::Fail(self, status);
}

int RunMove(const cli::Command& self, cli::Args args) {
  OptionSet options;
  cli::Positionals paths{"PATH", "The data as it is called, and its new name or the folder that it goes to.", 2, 2, {}};
  if (const auto code = cli::Parse(self, options, args, &paths)) return *code;
  const Status status = Move(paths.values);
  return status.ok() ? 0 : cli::Fail(self, status);
}

int RunRemove(const cli::Command& self, cli::Args args) {
  bool outs = false, force = false;
  OptionSet options;
  options.Flag("outs", &outs, "Remove the data, too.")
      .Flag("force", &force, "With --outs: also data that the cache does not have.");
  cli::Positionals files{"FILE.dvc", "The .dvc files of what is not tracked any longer.", 1, kWordsMax, {}};
  if (const auto code = cli::Parse(self, options, args, &files)) return *code;
  const Status status = Remove(files.values, outs, force);
  return status.ok() ? 0 : cli::Fail(self, status);
}

}  // namespace pano::data
