#include "data/version/comparison.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/strings.h"
#include "data/version/index.h"

namespace pano::data {
namespace {

using Kind = Change::Kind;

bool IsFolder(const ComparedSide& side) { return side.there && side.id && side.id->folder; }

// Nothing where neither has a digest: never committed, before and after.
std::optional<Kind> RootChange(const ComparedSide& before, const ComparedSide& after) {
  const bool old_hash = before.there && before.id, new_hash = after.there && after.id;
  if (!old_hash && !new_hash) return std::nullopt;
  if (!old_hash) return Kind::kAdded;
  if (!new_hash) return Kind::kDeleted;
  return *before.id == *after.id ? Kind::kUnchanged : Kind::kModified;
}

std::optional<ObjectId> IdAt(const DataTree* tree, size_t i) { return tree == nullptr ? std::nullopt : std::optional(tree->object(i)); }

}  // namespace

void Compare(const std::string& path, const ComparedSide& before, const ComparedSide& after, const CompareOptions& options,
             std::vector<Change>* changes) {
  const auto root = RootChange(before, after);
  const bool folder = after.there && after.id ? IsFolder(after) : IsFolder(before);
  if (root && (*root != Kind::kUnchanged || options.unchanged)) {
    changes->push_back({*root, folder ? path + "/" : path, "", before.id, after.id, false});
  }
  if (!options.granular) return;
  const bool unknown = before.tree_missing || after.tree_missing;
  if (root == Kind::kUnchanged && !options.unchanged && !unknown) return;
  const DataTree *a = before.tree, *b = after.tree;
  const size_t a_size = a == nullptr ? 0 : a->size(), b_size = b == nullptr ? 0 : b->size();
  size_t i = 0, j = 0;
  while (i < a_size || j < b_size) {
    const int order = i == a_size ? 1 : j == b_size ? -1 : a->path(i).compare(b->path(j));
    const std::string_view name = order <= 0 ? a->path(i) : b->path(j);
    const auto old_id = order <= 0 ? IdAt(a, i) : std::nullopt;
    const auto new_id = order >= 0 ? IdAt(b, j) : std::nullopt;
    i += order <= 0 ? 1 : 0;
    j += order >= 0 ? 1 : 0;
    Kind kind = order < 0 ? Kind::kDeleted : order > 0 ? Kind::kAdded : *old_id == *new_id ? Kind::kUnchanged : Kind::kModified;
    if (unknown) {
      if (!new_id) continue;
      kind = Kind::kUnknown;
    }
    if (kind == Kind::kUnchanged && !options.unchanged) continue;
    bool folder_across = false;
    const DataTree* const other = kind == Kind::kDeleted ? b : kind == Kind::kAdded ? a : nullptr;
    if (other != nullptr) {
      const auto [first, last] = other->Below(name);
      folder_across = first != last;
    }
    changes->push_back({kind, StrCat(path, "/", name), "", old_id, new_id, folder_across});
  }
}

void FindRenames(std::vector<Change>* changes) {
  std::vector<size_t> added, deleted;
  for (size_t i = 0; i < changes->size(); ++i) {
    if ((*changes)[i].kind == Kind::kAdded) added.push_back(i);
    if ((*changes)[i].kind == Kind::kDeleted) deleted.push_back(i);
  }
  if (added.empty() || deleted.empty()) return;
  const auto by_path = [&](size_t a, size_t b) {
    const auto key = [](std::string_view path) { return path.ends_with('/') ? path.substr(0, path.size() - 1) : path; };
    return PathLess()(key((*changes)[a].path), key((*changes)[b].path));
  };
  std::sort(added.begin(), added.end(), by_path);
  std::sort(deleted.begin(), deleted.end(), by_path);
  std::map<ObjectId, std::deque<size_t>> by_content;
  for (const size_t i : deleted) {
    if ((*changes)[i].old_id) by_content[*(*changes)[i].old_id].push_back(i);
  }
  std::vector<bool> gone(changes->size());
  for (const size_t i : added) {
    Change& change = (*changes)[i];
    const auto it = change.new_id ? by_content.find(*change.new_id) : by_content.end();
    if (it == by_content.end() || it->second.empty()) continue;
    const Change& old = (*changes)[it->second.front()];
    gone[it->second.front()] = true;
    it->second.pop_front();
    change.kind = Kind::kRenamed;
    change.old_path = old.path;
    change.old_id = old.old_id;
  }
  size_t kept = 0;
  for (size_t i = 0; i < changes->size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) (*changes)[kept] = std::move((*changes)[i]);
    ++kept;
  }
  changes->resize(kept);
}

}  // namespace pano::data
