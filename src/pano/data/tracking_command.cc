// init, add, commit, checkout, move, remove.

#include <cstdio>

#include "base/strings.h"
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

Status Commit(const std::vector<std::string>& words, bool force) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(*session.repository, session.index, words));
  PANO_ASSIGN_OR_RETURN(const auto locks, session.LockPaths("commit", targets, /*write=*/true));
  return Tracking(*session.workspace, session.index).Commit(targets, force);
}

Status Checkout(const std::vector<std::string>& words, CheckoutOptions options) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(*session.repository, session.index, words));
  PANO_ASSIGN_OR_RETURN(const auto locks, session.LockPaths("checkout", targets, /*write=*/true));
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
  bool no_commit = false;
  OptionSet options;
  options.Flag("no-commit", &no_commit, "Write the .dvc files without storing the data: `commit` does that later.");
  cli::Positionals paths{"PATH", "Files and folders that are data from now on, or that changed.", 1, kWordsMax, {}};
  if (const auto code = cli::Parse(self, options, args, &paths)) return *code;
  const Status status = Add(paths.values, !no_commit);
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
