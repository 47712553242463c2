#include "app/hub/cached_model.h"

#include <vector>

#include "app/hub/file_choice.h"
#include "app/hub/repo_cache.h"
#include "base/env.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

constexpr size_t kIndexBytesMax = 64u << 20;

}  // namespace

Result<CachedModel> FindCachedModel(const ModelName& name, const HubSettings& settings) {
  const RepoCache cache(settings.cache_folder, name.repo);
  CachedModel model;
  model.repo = name.repo;
  Result<std::string> commit = ReadRef(cache, name.revision);
  if (!commit.ok()) {
    if (commit.error().code() != StatusCode::kNotFound) return commit.error();
    return NotFound(StrCat(name.Text(), ": is not in ", settings.cache_folder));
  }
  model.commit = *commit;
  const std::string folder = cache.SnapshotFolder(model.commit);
  if (!IsDirectory(folder)) {
    return NotFound(StrCat(name.Text(), ": is not in ", settings.cache_folder));
  }
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ListSnapshot(folder));
  Result<FileChoice> choice = ChooseFiles(paths, name.selector);
  if (!choice.ok()) {
    return NotFound(StrCat(name.Text(), ": is not whole in ", folder)).WithCause(choice.error());
  }
  if (!choice->index.empty()) {
    const std::string index = JoinPath(folder, choice->index);
    PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(index, kIndexBytesMax));
    PANO_RETURN_IF_ERROR(ShardsOf(text, paths).status().Wrap(index));
  }
  model.path = choice->open.empty() ? folder : JoinPath(folder, choice->open);
  return model;
}

}  // namespace pano::hub
