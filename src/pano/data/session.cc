#include "pano/data/session.h"

#include "base/strings.h"
#include "data/version/pipeline/pipelines.h"
#include "data/version/sync/chunked_outputs.h"
#include "data/version/sync/sync.h"

namespace pano::data {

Result<Session> Session::Open(bool with_index) {
  Session session;
  PANO_ASSIGN_OR_RETURN(session.repository, Repository::Find("."));
  PANO_ASSIGN_OR_RETURN(session.lock, RepositoryLock::Take(*session.repository));
  PANO_ASSIGN_OR_RETURN(session.workspace, Workspace::Open(*session.repository));
  if (with_index) {
    const auto files = FileSource::OfWorkspace(*session.repository);
    PANO_ASSIGN_OR_RETURN(session.index, Index::Collect(*session.repository, *files, session.context().stages));
  }
  return session;
}

CompareContext Session::context() {
  return {*workspace, pipeline::StageOutputsOf,
          [repository = repository.get()](const Output& output) { return ManifestOnRemote(*repository, output); },
          [chunks = ChunksOf(*repository)](const ObjectId& id) {
            return !id.folder && id.hash == HashName::kMd5 && chunks.Has(id.md5.Hex()).value_or(false);
          }};
}

Result<std::unique_ptr<PathLocks>> Session::LockPaths(const std::string& command, const std::vector<Target>& targets, bool write) const {
  std::vector<std::string> paths;
  for (const Target& target : targets) paths.push_back(repository->Absolute(target.output->path));
  return PathLocks::Take(*repository, "pano data " + command, write ? std::vector<std::string>{} : paths,
                         write ? paths : std::vector<std::string>{});
}

Result<std::vector<std::string>> PathsFromRoot(const Repository& repository, const std::vector<std::string>& words) {
  std::vector<std::string> paths;
  for (const std::string& word : words) {
    PANO_ASSIGN_OR_RETURN(std::string path, repository.Relative(word));
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace pano::data
