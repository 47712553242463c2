#include "data/version/status.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/strings.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

using Kind = Change::Kind;

// Where listing the cache takes less than asking for each object.
constexpr size_t kListFrom = 2000;

// Which objects the cache has. Confined to one command.
class Presence {
 public:
  explicit Presence(const CompareContext& context) : store_(context.workspace.store()), held_(context.held) {}

  // Before many questions.
  Status Expect(size_t questions) {
    if (listed_ || questions < kListFrom) return {};
    PANO_ASSIGN_OR_RETURN(all_, store_.List());
    std::sort(all_.begin(), all_.end());
    listed_ = true;
    return {};
  }
  bool Has(const ObjectId& id) const {
    return (listed_ ? std::binary_search(all_.begin(), all_.end(), id) : store_.Has(id)) || (held_ && held_(id));
  }

 private:
  const ObjectStore& store_;
  const HeldElsewhere& held_;
  bool listed_ = false;
  std::vector<ObjectId> all_;
};

// One output as an index has it; its manifest is read when the files of folders count.
struct IndexedSide {
  ComparedSide side;
  DataTree tree;
};

Result<IndexedSide> SideOf(const CompareContext& context, const Output& output, bool with_tree) {
  IndexedSide out;
  out.side.there = true;
  out.side.id = output.id;
  if (!with_tree || !output.id || !output.id->folder) return out;
  auto tree = context.workspace.Tree(*output.id);
  const bool absent = !tree.ok() && tree.status().code() == StatusCode::kNotFound;
  // A remote that cannot be asked has no manifest for us: what can be said without it is said.
  if (absent && context.manifests) tree = context.manifests(output);
  if (tree.ok()) {
    out.tree = *std::move(tree);
  } else if (absent) {
    out.side.tree_missing = true;
  } else {
    return tree.status().Wrap(output.path);
  }
  return out;
}

// `out.side.tree` points into `out`, which must stay where it is.
void Point(IndexedSide* out) {
  if (out->side.id && out->side.id->folder && !out->side.tree_missing) out->side.tree = &out->tree;
}

// Files of data that git keeps are not ours to compare.
std::vector<const Output*> Tracked(const Index& index) {
  std::vector<const Output*> out;
  for (const Output& output : index.outputs) {
    if (output.cached) out.push_back(&output);
  }
  return out;
}

// Whether a changed path lies in what was asked for.
bool Wanted(const std::vector<std::string>& targets, std::string_view path) {
  if (targets.empty()) return true;
  if (path.ends_with('/')) path.remove_suffix(1);
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& t) { return Within(path, t); });
}

// Whether an output may hold something of it.
bool Concerns(const std::vector<std::string>& targets, std::string_view output) {
  return targets.empty() || std::any_of(targets.begin(), targets.end(), [&](const std::string& t) {
           return Within(output, t) || Within(t, output);
         });
}

std::string_view KeyOf(Kind kind) {
  switch (kind) {
    case Kind::kAdded: return "added";
    case Kind::kDeleted: return "deleted";
    case Kind::kModified: return "modified";
    case Kind::kRenamed: return "renamed";
    case Kind::kUnknown: return "unknown";
    case Kind::kUnchanged: break;
  }
  return "unchanged";
}

json::Value ListOf(const std::vector<std::string>& texts) {
  json::Value out{json::Array{}};
  for (const std::string& text : texts) out.Append(text);
  return out;
}

// The lists of one comparison; unchanged paths go aside.
json::Value Lists(const std::vector<Change>& changes, const std::vector<std::string>& targets, std::set<std::string>* unchanged) {
  std::map<Kind, json::Value> lists;
  for (const Change& change : changes) {
    if (!Wanted(targets, change.path)) continue;
    if (change.kind == Kind::kUnchanged) {
      unchanged->insert(change.path);
    } else if (change.kind == Kind::kRenamed) {
      lists[change.kind].Append(json::Object{{"old", change.old_path}, {"new", change.path}});
    } else {
      // As DVC shows a file in whose place a folder stands.
      lists[change.kind].Append(change.kind == Kind::kDeleted && change.folder_across ? change.path + "/" : change.path);
    }
  }
  json::Value out{json::Object{}};
  for (auto& [kind, list] : lists) out.Set(KeyOf(kind), std::move(list));
  return out;
}

// Changes from one index to another.
Result<std::vector<Change>> CompareIndexes(const CompareContext& context, const Index& before, const Index& after,
                                           const CompareOptions& options) {
  std::vector<Change> changes;
  const std::vector<const Output*> a = Tracked(before), b = Tracked(after);
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const int order = i == a.size() ? 1 : j == b.size() ? -1 : a[i]->path == b[j]->path ? 0 : PathLess()(a[i]->path, b[j]->path) ? -1 : 1;
    const Output* old_output = order <= 0 ? a[i++] : nullptr;
    const Output* new_output = order >= 0 ? b[j++] : nullptr;
    // Two that are the same differ in nothing, whatever is in them.
    const bool same = old_output != nullptr && new_output != nullptr && old_output->id == new_output->id;
    if (same && !options.unchanged) continue;
    IndexedSide old_side, new_side;
    if (old_output != nullptr) {
      PANO_ASSIGN_OR_RETURN(old_side, SideOf(context, *old_output, options.granular));
    }
    if (new_output != nullptr) {
      PANO_ASSIGN_OR_RETURN(new_side, SideOf(context, *new_output, options.granular));
    }
    Point(&old_side);
    Point(&new_side);
    Compare((old_output != nullptr ? old_output : new_output)->path, old_side.side, new_side.side, options, &changes);
  }
  return changes;
}

// Of an output's objects, those that the cache lacks.
Status FindMissing(const ComparedSide& side, const std::string& path, bool granular, Presence* presence,
                   std::vector<std::string>* missing) {
  if (!side.id) return {};
  if (!presence->Has(*side.id)) missing->push_back(side.id->folder ? path + "/" : path);
  if (!granular || side.tree == nullptr) return {};
  PANO_RETURN_IF_ERROR(presence->Expect(side.tree->size()));
  for (size_t i = 0; i < side.tree->size(); ++i) {
    if (!presence->Has(side.tree->object(i))) missing->push_back(StrCat(path, "/", side.tree->path(i)));
  }
  return {};
}

ComparedSide SideOf(const Content& content) {
  ComparedSide side;
  side.there = content.there;
  if (content.there) side.id = content.id;
  if (content.there && content.folder) side.tree = &content.tree;
  return side;
}

struct WorkspaceChanges {
  std::vector<Change> changes;
  std::vector<std::string> missing;   // in the cache
};

// Outputs of `index` against what is at their paths. One output at a time is in memory.
Status CompareWorkspace(const CompareContext& context, const Index& index, const CompareOptions& options,
                        const std::vector<std::string>& targets, WorkspaceChanges* out) {
  Presence presence(context);
  for (const Output* output : Tracked(index)) {
    if (!Concerns(targets, output->path)) continue;
    const HashName hash = output->id ? output->id->hash : HashName::kMd5;
    PANO_ASSIGN_OR_RETURN(const Content content, context.workspace.Look(output->path, hash, output->id));
    const ComparedSide after = SideOf(content);
    const bool same = output->id && after.id == output->id;
    if (same && (!output->id->folder || presence.Has(*output->id))) {
      // The manifest is the one that was just made of the workspace: it need not be read.
      ComparedSide before = after;
      before.id = output->id;
      Compare(output->path, before, after, options, &out->changes);
      PANO_RETURN_IF_ERROR(FindMissing(before, output->path, options.granular, &presence, &out->missing));
      continue;
    }
    PANO_ASSIGN_OR_RETURN(IndexedSide before, SideOf(context, *output, options.granular));
    Point(&before);
    Compare(output->path, before.side, after, options, &out->changes);
    PANO_RETURN_IF_ERROR(FindMissing(before.side, output->path, options.granular, &presence, &out->missing));
  }
  return {};
}

// What git has at a revision. A file of it that cannot be read is not there: what is being mended must not stop us.
Result<Index> IndexAt(const CompareContext& context, const std::string& revision) {
  const Repository& repository = context.workspace.repository();
  PANO_ASSIGN_OR_RETURN(const auto files, FileSource::OfRevision(repository, revision));
  return Index::Collect(repository, *files, context.stages);
}

}  // namespace

Result<json::Value> DataStatus(const CompareContext& context, const StatusOptions& options) {
  const Repository& repository = context.workspace.repository();
  const auto files = FileSource::OfWorkspace(repository);
  PANO_ASSIGN_OR_RETURN(const Index index, Index::Collect(repository, *files, context.stages));
  const CompareOptions compare{options.granular, options.unchanged};
  WorkspaceChanges uncommitted;
  PANO_RETURN_IF_ERROR(CompareWorkspace(context, index, compare, options.targets, &uncommitted));
  FindRenames(&uncommitted.changes);
  json::Value out{json::Object{}};
  const auto set = [&](std::string_view key, json::Value value) {
    const bool empty = value.is_array() ? value.as_array().empty() : value.as_object().empty();
    if (!empty) out.Set(key, std::move(value));
  };
  std::erase_if(uncommitted.missing, [&](const std::string& path) { return !Wanted(options.targets, path); });
  set("not_in_cache", ListOf(uncommitted.missing));
  if (options.not_in_remote) {
    std::vector<Output> outputs;
    for (const Output* output : Tracked(index)) {
      if (Concerns(options.targets, output->path)) outputs.push_back(*output);
    }
    PANO_ASSIGN_OR_RETURN(std::vector<std::string> paths, options.not_in_remote(outputs, options.granular));
    std::erase_if(paths, [&](const std::string& path) { return !Wanted(options.targets, path); });
    set("not_in_remote", ListOf(paths));
  }
  std::set<std::string> unchanged, unchanged_since_head;
  json::Value uncommitted_lists = Lists(uncommitted.changes, options.targets, &unchanged);
  if (!repository.git_root().empty()) {
    // A repository without a commit has nothing to compare with: all is added.
    Index head;
    if (auto found = IndexAt(context, "HEAD"); found.ok()) {
      head = *std::move(found);
    } else if (found.status().code() != StatusCode::kNotFound && found.status().code() != StatusCode::kInvalidArgument) {
      return found.status();
    }
    PANO_ASSIGN_OR_RETURN(std::vector<Change> committed, CompareIndexes(context, head, index, compare));
    FindRenames(&committed);
    set("committed", Lists(committed, options.targets, &unchanged_since_head));
    std::erase_if(unchanged, [&](const std::string& path) { return !unchanged_since_head.contains(path); });
  }
  set("uncommitted", std::move(uncommitted_lists));
  if (options.unchanged) set("unchanged", ListOf({unchanged.begin(), unchanged.end()}));
  return out;
}

namespace {

json::Value HashValue(const std::optional<ObjectId>& id) { return id ? json::Value(id->ToString()) : json::Value(); }

json::Value DiffEntry(const Change& change, bool hashes) {
  json::Value entry{json::Object{}};
  switch (change.kind) {
    case Kind::kRenamed:
      entry.Set("path", json::Object{{"old", change.old_path}, {"new", change.path}});
      if (hashes) entry.Set("hash", HashValue(change.old_id));
      break;
    case Kind::kModified: {
      // DVC shows it as it was.
      std::string path = change.path;
      if (path.ends_with('/')) path.pop_back();
      if (change.old_id && change.old_id->folder) path += '/';
      entry.Set("path", path);
      if (hashes) entry.Set("hash", json::Object{{"old", HashValue(change.old_id)}, {"new", HashValue(change.new_id)}});
      break;
    }
    default:
      entry.Set("path", change.path);
      if (hashes) entry.Set("hash", HashValue(change.kind == Kind::kAdded ? change.new_id : change.old_id));
  }
  return entry;
}

}  // namespace

Result<json::Value> Diff(const CompareContext& context, const DiffOptions& options) {
  const Repository& repository = context.workspace.repository();
  auto before = IndexAt(context, options.a);
  if (!before.ok()) {
    // Without a commit nothing differs from one.
    if (options.a == "HEAD" && !repository.git_root().empty() && before.status().code() == StatusCode::kNotFound) return json::Value(json::Object{});
    return before.status();
  }
  CompareOptions compare{.granular = true, .unchanged = false};
  std::vector<Change> changes;
  std::vector<json::Value> missing;
  if (!options.b.empty()) {
    PANO_ASSIGN_OR_RETURN(const Index after, IndexAt(context, options.b));
    PANO_ASSIGN_OR_RETURN(changes, CompareIndexes(context, *before, after, compare));
  } else {
    const auto files = FileSource::OfWorkspace(repository);
    PANO_ASSIGN_OR_RETURN(const Index now, Index::Collect(repository, *files, context.stages));
    Presence presence(context);
    // What HEAD has and what is at the paths that the .dvc files name now.
    const std::vector<const Output*> a = Tracked(*before), b = Tracked(now);
    size_t i = 0, j = 0;
    while (i < a.size() || j < b.size()) {
      const int order = i == a.size() ? 1 : j == b.size() ? -1 : a[i]->path == b[j]->path ? 0 : PathLess()(a[i]->path, b[j]->path) ? -1 : 1;
      const Output* old_output = order <= 0 ? a[i++] : nullptr;
      const Output* new_output = order >= 0 ? b[j++] : nullptr;
      IndexedSide old_side;
      Content content;
      if (old_output != nullptr) {
        PANO_ASSIGN_OR_RETURN(old_side, SideOf(context, *old_output, /*with_tree=*/true));
        Point(&old_side);
        std::vector<std::string> paths;
        const ComparedSide& side = old_side.side;
        if (side.id && !presence.Has(*side.id)) {
          missing.push_back(json::Object{{"path", old_output->Shown()}, {"hash", side.id->ToString()}});
        }
        if (side.tree != nullptr) PANO_RETURN_IF_ERROR(presence.Expect(side.tree->size()));
        for (size_t k = 0; side.tree != nullptr && k < side.tree->size(); ++k) {
          if (presence.Has(side.tree->object(k))) continue;
          missing.push_back(json::Object{{"path", StrCat(old_output->path, "/", side.tree->path(k))}, {"hash", side.tree->object(k).ToString()}});
        }
      }
      if (new_output != nullptr) {
        const HashName hash = new_output->id ? new_output->id->hash : HashName::kMd5;
        PANO_ASSIGN_OR_RETURN(content, context.workspace.Look(new_output->path, hash, new_output->id));
      }
      Compare((old_output != nullptr ? old_output : new_output)->path, old_side.side, SideOf(content), compare, &changes);
    }
  }
  FindRenames(&changes);
  std::map<Kind, json::Value> lists;
  for (const Kind kind : {Kind::kAdded, Kind::kDeleted, Kind::kModified, Kind::kRenamed}) lists[kind] = json::Array{};
  bool any = !missing.empty();
  for (const Change& change : changes) {
    const auto list = lists.find(change.kind);
    if (list == lists.end()) continue;
    // As DVC has it: what takes a folder's place, or makes room for one, is seen by what was or is in that folder.
    if (change.folder_across && (change.kind == Kind::kAdded || change.kind == Kind::kDeleted)) continue;
    list->second.Append(DiffEntry(change, options.hashes));
    any = true;
  }
  json::Value out{json::Object{}};
  if (!any) return out;
  for (auto& [kind, list] : lists) out.Set(KeyOf(kind), std::move(list));
  if (options.b.empty()) {
    json::Value list{json::Array{}};
    for (json::Value& entry : missing) {
      if (!options.hashes) std::erase_if(entry.as_object(), [](const auto& member) { return member.first == "hash"; });
      list.Append(std::move(entry));
    }
    out.Set("not in cache", std::move(list));
  }
  return out;
}

}  // namespace pano::data
