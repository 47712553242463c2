#include "data/version/cache_upkeep.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::data {

Result<VerifyReport> VerifyCache(Workspace& workspace) {
  PANO_ASSIGN_OR_RETURN(const std::vector<ObjectId> ids, workspace.store().List());
  // A store without memory: every byte is read.
  const ObjectStore fresh(workspace.store().folder(), {}, nullptr, workspace.repository().env());
  std::vector<char> bad(ids.size());
  workspace.pool().ParallelFor(ids.size(), 8, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end; ++i) bad[i] = fresh.Verified(ids[i]).ok() ? 0 : 1;
  });
  VerifyReport report;
  report.checked = ids.size();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (bad[i] != 0) report.corrupt.push_back(ids[i]);
  }
  std::sort(report.corrupt.begin(), report.corrupt.end());
  return report;
}

Status CollectUsed(const CompareContext& context, const Index& index, std::set<ObjectId>* used, std::vector<std::string>* unknown) {
  for (const Output& output : index.outputs) {
    if (!output.id || !used->insert(*output.id).second || !output.id->folder) continue;
    auto tree = context.workspace.Tree(*output.id);
    const bool absent = !tree.ok() && tree.status().code() == StatusCode::kNotFound;
    if (absent && context.manifests) tree = context.manifests(output);
    if (!tree.ok()) {
      // A manifest that is there and cannot be read hides what it names: nothing may be removed then.
      if (!absent) return tree.status().Wrap(output.path);
      unknown->push_back(StrCat(output.path, " (", output.id->ToString(), ")"));
      continue;
    }
    for (size_t i = 0; i < tree->size(); ++i) used->insert(tree->object(i));
  }
  return {};
}

Result<GarbageReport> RemoveUnused(Workspace& workspace, const std::set<ObjectId>& used) {
  PANO_ASSIGN_OR_RETURN(const std::vector<ObjectId> ids, workspace.store().List());
  GarbageReport report;
  for (const ObjectId& id : ids) {
    if (used.contains(id)) {
      ++report.kept;
      continue;
    }
    PANO_RETURN_IF_ERROR(workspace.store().Remove(id));
    ++report.removed;
  }
  return report;
}

}  // namespace pano::data
