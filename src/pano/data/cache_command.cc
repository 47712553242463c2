// verify, gc: the upkeep of the cache.

#include <cstdio>

#include "base/strings.h"
#include "data/version/cache_upkeep.h"
#include "data/version/git.h"
#include "data/version/sync/chunked_outputs.h"
#include "data/version/sync/sync.h"
#include "pano/data/commands.h"
#include "pano/data/session.h"

namespace pano::data {
namespace {

// Objects, and versions and packs of chunks.
struct Verified {
  uint64_t checked = 0;
  std::vector<std::string> corrupt;
};

Result<Verified> Verify() {
  PANO_ASSIGN_OR_RETURN(const Session session, Session::Open(/*with_index=*/false));
  PANO_ASSIGN_OR_RETURN(const VerifyReport objects, VerifyCache(*session.workspace));
  const chunked::ChunkStore chunks = ChunksOf(*session.repository);
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> versions, chunks.Versions());
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> broken, chunks.Verify());
  Verified out;
  out.checked = objects.checked + versions.size();
  for (const ObjectId& id : objects.corrupt) out.corrupt.push_back(id.ToString());
  out.corrupt.insert(out.corrupt.end(), broken.begin(), broken.end());
  return out;
}

struct GcScope {
  bool workspace = false, all_branches = false, all_tags = false, all_commits = false;
  bool cloud = false;
  std::string remote;
};

Result<std::vector<std::string>> Revisions(const Repository& repository, const GcScope& scope) {
  std::vector<std::string> out;
  std::vector<std::vector<std::string>> questions;
  if (scope.all_branches) questions.push_back({"for-each-ref", "--format=%(objectname)", "refs/heads"});
  if (scope.all_tags) questions.push_back({"for-each-ref", "--format=%(objectname)", "refs/tags"});
  if (scope.all_commits) questions.push_back({"rev-list", "--all"});
  for (const auto& question : questions) {
    PANO_ASSIGN_OR_RETURN(const std::string answer, RunGit(repository.root(), question));
    for (const std::string_view line : Split(answer, '\n')) {
      if (!Trim(line).empty()) out.emplace_back(Trim(line));
    }
  }
  return out;
}

Result<GarbageReport> CollectGarbage(const GcScope& scope) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  std::set<ObjectId> used;
  std::vector<std::string> unknown;
  const CompareContext context = session.context();
  PANO_RETURN_IF_ERROR(CollectUsed(context, session.index, &used, &unknown));
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> revisions, Revisions(*session.repository, scope));
  for (const std::string& revision : revisions) {
    PANO_ASSIGN_OR_RETURN(const auto files, FileSource::OfRevision(*session.repository, revision));
    PANO_ASSIGN_OR_RETURN(const Index index, Index::Collect(*session.repository, *files, context.stages));
    PANO_RETURN_IF_ERROR(CollectUsed(context, index, &used, &unknown));
  }
  for (const std::string& name : unknown) {
    std::fprintf(stderr, "pano data gc: the manifest of %s is not to be had: its files are kept only where others name them\n",
                 Printable(name, 300).c_str());
  }
  if (scope.cloud) {
    PANO_ASSIGN_OR_RETURN(const uint64_t removed, CollectRemote(*session.repository, used, {.remote = scope.remote}));
    std::fprintf(stderr, "%llu objects removed from the remote\n", static_cast<unsigned long long>(removed));
  }
  PANO_RETURN_IF_ERROR(ChunksOf(*session.repository).Collect([&used](const std::string& md5) {
    const Result<ObjectId> id = ObjectId::Parse(md5);
    return !id.ok() || used.contains(*id);
  }).status());
  return RemoveUnused(*session.workspace, used);
}

}  // namespace

int RunVerify(const cli::Command& self, cli::Args args) {
  bool as_json = false;
  OptionSet options;
  options.Flag("json", &as_json, "Print {\"checked\": n, \"corrupt\": [id]}.");
  if (const auto code = cli::Parse(self, options, args)) return *code;
  const auto report = Verify();
  if (!report.ok()) return cli::Fail(self, report.status());
  if (as_json) {
    json::Value corrupt{json::Array{}};
    for (const std::string& id : report->corrupt) corrupt.Append(id);
    const json::Value answer(json::Object{{"checked", static_cast<int64_t>(report->checked)}, {"corrupt", corrupt}});
    std::printf("%s\n", json::Dump(answer, {.spaces = true}).c_str());
  } else {
    for (const std::string& id : report->corrupt) std::printf("corrupt: %s\n", Printable(id, 200).c_str());
    std::printf("%llu objects checked, %zu corrupt\n", static_cast<unsigned long long>(report->checked), report->corrupt.size());
  }
  return report->corrupt.empty() ? 0 : 1;
}

int RunGc(const cli::Command& self, cli::Args args) {
  GcScope scope;
  bool force = false;
  OptionSet options;
  options.Flag("workspace", &scope.workspace, "Keep what the workspace's .dvc files and stages name (-w).")
      .Flag("all-branches", &scope.all_branches, "Keep what they name on any branch, too.")
      .Flag("all-tags", &scope.all_tags, "Keep what they name at any tag, too.")
      .Flag("all-commits", &scope.all_commits, "Keep what they name in any commit, too.")
      .Flag("cloud", &scope.cloud, "Remove from the remote, too (-c).")
      .String("remote", &scope.remote, "The remote for --cloud in place of core.remote.", "NAME")
      .Flag("force", &force, "Remove the rest (-f); without it nothing is removed.");
  if (const auto code = cli::Parse(self, options, args)) return *code;
  if (!scope.workspace && !scope.all_branches && !scope.all_tags && !scope.all_commits) {
    return cli::FailUsage(self, "say what is to be kept: --workspace, --all-branches, --all-tags or --all-commits");
  }
  if (!force) return cli::Fail(self, InvalidArgument("objects that nothing names would be removed for good: --force does it"));
  const auto report = CollectGarbage(scope);
  if (!report.ok()) return cli::Fail(self, report.status());
  std::fprintf(stderr, "%llu objects removed, %llu kept\n", static_cast<unsigned long long>(report->removed),
               static_cast<unsigned long long>(report->kept));
  return 0;
}

}  // namespace pano::data
