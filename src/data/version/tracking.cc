#include "data/version/tracking.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "data/version/dvc_file.h"
#include "data/version/git.h"
#include "data/version/git_ignore.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

size_t PlaceIn(const DvcFile& file, const std::string& path) {
  const auto it = std::find_if(file.outputs().begin(), file.outputs().end(), [&](const Output& o) { return o.path == path; });
  return static_cast<size_t>(it - file.outputs().begin());
}

bool Same(const Output& a, const Output& b) {
  return a.id == b.id && a.bytes == b.bytes && a.files == b.files && a.executable == b.executable;
}

}  // namespace

// What adding one path means.
struct Tracking::Planned {
  std::string path;
  Output output;             // as it is, or a new one
  std::string part;          // of a tracked folder
  bool is_new = false;
};

Result<Tracking::Planned> Tracking::Plan(const std::string& path) const {
  DataEnv& env = repository_.env();
  Planned plan;
  plan.path = path;
  if (path.empty()) return InvalidArgument("the repository's own folder cannot be data: name what lies in it");
  for (const std::string_view own : {".dvc", ".git"}) {
    if (Within(path, own)) return InvalidArgument(StrCat(path, ": belongs to the repository itself"));
  }
  const auto info = env.LinkInfo(repository_.Absolute(path));
  if (!info.ok()) {
    if (info.status().code() == StatusCode::kNotFound) return NotFound(path + ": there is no such file or folder");
    return info.status().Wrap(path);
  }
  if (const Output* holding = index_.Holding(path)) {
    if (!holding->stage.empty()) {
      return InvalidArgument(StrCat(path, ": is an output of the stage ", holding->stage, " in ", holding->source,
                                    ": `pano data repro` or `commit` takes it anew"));
    }
    if (holding->frozen) return InvalidArgument(StrCat(path, ": was imported (", holding->source, "): it is only read here"));
    PANO_RETURN_IF_ERROR(holding->CheckSupported());
    plan.output = *holding;
    if (path != holding->path) plan.part = path.substr(holding->path.size() + 1);
    return plan;
  }
  if (const auto inside = index_.In(path); !inside.empty()) {
    return InvalidArgument(StrCat(path, ": holds ", inside.front()->path, ", which ", inside.front()->source,
                                  " tracks: `pano data remove ", inside.front()->source, "` first"));
  }
  const bool folder = env.EntryInfoOf(repository_.Absolute(path)).value_or(EntryInfo{}).kind == EntryInfo::Kind::kFolder;
  PANO_ASSIGN_OR_RETURN(const bool ignored, workspace_.ignore().LeavesOut(path, folder));
  if (ignored) return InvalidArgument(path + ": a .dvcignore leaves it out");
  if (path.ends_with(".dvc") || BaseName(path) == "dvc.yaml" || BaseName(path) == "dvc.lock") {
    return InvalidArgument(path + ": says what is data, and is none itself");
  }
  plan.is_new = true;
  plan.output.path = path;
  plan.output.source = path + ".dvc";
  if (env.LinkInfo(repository_.Absolute(plan.output.source)).ok()) {
    return InvalidArgument(StrCat(path, ": ", plan.output.source, " exists and tracks something else"));
  }
  return plan;
}

// What git has in its index it would keep: it must not be tracked twice.
Status Tracking::CheckGit(const std::vector<Planned>& plans) const {
  if (repository_.git_root().empty()) return {};
  std::vector<std::string> args{"--literal-pathspecs", "ls-files", "-z", "--"};
  const size_t before = args.size();
  for (const Planned& plan : plans) {
    if (plan.is_new) args.push_back(plan.path);
  }
  if (args.size() == before) return {};
  PANO_ASSIGN_OR_RETURN(const std::string tracked, RunGit(repository_.root(), args));
  if (tracked.empty()) return {};
  const std::string path = tracked.substr(0, tracked.find('\0'));
  return InvalidArgument(StrCat(Printable(path, 300), ": git tracks it: `git rm -r --cached ", Printable(path, 300), "` first"));
}

// Whether the output is one of DVC 2 that has not changed: it stays one. Of a folder that has, the manifest in the old form
// is kept, as DVC keeps it.
Result<bool> Tracking::UnchangedSinceDvc2(const Output& output) {
  if (!output.id || output.id->hash == HashName::kMd5) return false;
  PANO_ASSIGN_OR_RETURN(const Content content, workspace_.Look(output.path, output.id->hash, output.id));
  if (!content.there) return false;
  if (content.id == *output.id) return true;
  if (content.folder) PANO_RETURN_IF_ERROR(workspace_.store().PutBytes(content.tree.Text(), /*folder=*/true, output.id->hash).status());
  return false;
}

Result<std::vector<std::string>> Tracking::Add(const std::vector<std::string>& paths, bool commit) {
  std::vector<Planned> plans;
  for (const std::string& path : paths) {
    PANO_ASSIGN_OR_RETURN(Planned plan, Plan(path));
    for (const Planned& other : plans) {
      if (other.path == path) return InvalidArgument(StrCat(path, ": stands twice among what is to be added"));
      if (plan.is_new && other.is_new && (Within(path, other.path) || Within(other.path, path))) {
        return InvalidArgument(StrCat(path, " and ", other.path, ": one lies in the other"));
      }
    }
    plans.push_back(std::move(plan));
  }
  PANO_RETURN_IF_ERROR(CheckGit(plans));
  // All is stored before the first .dvc file says so.
  std::map<std::string, Output> latest;   // by output: several parts of one folder build on each other
  for (Planned& plan : plans) {
    if (const auto it = latest.find(plan.output.path); it != latest.end()) plan.output = it->second;
    if (plan.part.empty()) {
      PANO_ASSIGN_OR_RETURN(const bool same, UnchangedSinceDvc2(plan.output));
      if (same) continue;
    }
    if (!plan.part.empty() && !commit) return InvalidArgument(StrCat(plan.path, ": a part of a folder is added with its content or not at all"));
    PANO_ASSIGN_OR_RETURN(plan.output, commit && plan.output.cached ? workspace_.Store(plan.output, plan.part) : workspace_.Hash(plan.output));
    latest[plan.output.path] = plan.output;
  }
  PANO_RETURN_IF_ERROR(workspace_.Flush());
  std::vector<std::string> written;
  for (const Planned& plan : plans) {
    const auto it = latest.find(plan.output.path);
    if (it == latest.end()) continue;
    const Output& output = it->second;
    if (plan.is_new) {
      PANO_RETURN_IF_ERROR(DvcFile::For(output, output.source).Save(repository_));
      written.push_back(output.source);
    } else {
      PANO_ASSIGN_OR_RETURN(DvcFile file, DvcFile::Load(repository_, output.source));
      const size_t i = PlaceIn(file, output.path);
      if (i == file.outputs().size()) return Status(StatusCode::kUnavailable, output.source + ": changed meanwhile");
      if (!Same(file.outputs()[i], output)) {
        PANO_RETURN_IF_ERROR(file.Update(i, output).Wrap(output.source));
        PANO_RETURN_IF_ERROR(file.Save(repository_));
        written.push_back(output.source);
      }
    }
    if (output.cached) PANO_RETURN_IF_ERROR(AddToGitIgnore(repository_, output.path));
  }
  return written;
}

Status Tracking::Commit(const std::vector<Target>& targets, bool force) {
  std::vector<Output> stored;
  std::vector<std::string> changed;
  for (const Target& target : targets) {
    const Output& output = *target.output;
    if (!output.stage.empty() || output.frozen) continue;
    PANO_RETURN_IF_ERROR(output.CheckSupported());
    PANO_ASSIGN_OR_RETURN(const bool same, UnchangedSinceDvc2(output));
    if (same) continue;
    if (!force) {
      PANO_ASSIGN_OR_RETURN(const Output now, workspace_.Hash(output));
      if (now.id != output.id) changed.push_back(output.path);
      if (!changed.empty()) continue;
    }
    PANO_ASSIGN_OR_RETURN(Output now, output.cached ? workspace_.Store(output) : workspace_.Hash(output));
    stored.push_back(std::move(now));
  }
  if (!changed.empty()) {
    std::string text = "this has changed (--force commits it):";
    for (size_t i = 0; i < changed.size() && i < 20; ++i) text += "\n  " + Printable(changed[i], 300);
    return Status(StatusCode::kPermissionDenied, text);
  }
  PANO_RETURN_IF_ERROR(workspace_.Flush());
  for (const Output& output : stored) {
    PANO_ASSIGN_OR_RETURN(DvcFile file, DvcFile::Load(repository_, output.source));
    const size_t i = PlaceIn(file, output.path);
    if (i == file.outputs().size() || Same(file.outputs()[i], output)) continue;
    PANO_RETURN_IF_ERROR(file.Update(i, output).Wrap(output.source));
    PANO_RETURN_IF_ERROR(file.Save(repository_));
  }
  return {};
}

Status Tracking::Move(const std::string& from, const std::string& to) {
  DataEnv& env = repository_.env();
  const Output* output = index_.At(from);
  if (output == nullptr) return NotFound(from + ": is not tracked");
  if (!output->stage.empty()) return InvalidArgument(StrCat(from, ": is an output of the stage ", output->stage));
  const auto target = env.LinkInfo(repository_.Absolute(to));
  std::string path = to;
  if (to.empty() || (target.ok() && target->kind == EntryInfo::Kind::kFolder)) {
    path = to.empty() ? std::string(BaseName(from)) : StrCat(to, "/", BaseName(from));
  }
  const std::string full = repository_.Absolute(path);
  if (env.LinkInfo(full).ok()) return Status(StatusCode::kAlreadyExists, path + ": exists already");
  if (const Output* holding = index_.Holding(path)) return InvalidArgument(StrCat(path, ": lies in ", holding->path, ", which ", holding->source, " tracks"));
  const auto above = env.EntryInfoOf(std::string(FolderName(full)));
  if (!above.ok() || above->kind != EntryInfo::Kind::kFolder) return NotFound(StrCat(FolderOf(path), ": there is no such folder"));
  PANO_ASSIGN_OR_RETURN(DvcFile file, DvcFile::Load(repository_, output->source));
  const std::string old_file = file.path();
  const size_t i = PlaceIn(file, from);
  if (i == file.outputs().size()) return Status(StatusCode::kUnavailable, old_file + ": changed meanwhile");
  const bool own_name = file.outputs().size() == 1 && old_file == from + ".dvc";
  if (own_name) {
    file.MoveTo(path + ".dvc");
    if (env.LinkInfo(repository_.Absolute(file.path())).ok()) return Status(StatusCode::kAlreadyExists, file.path() + ": exists already");
  }
  PANO_RETURN_IF_ERROR(file.SetPath(i, RelativeTo(FolderOf(file.path()), path)));
  // First the file that says where the data will be, then the data, then the old file: whenever this ends, a .dvc file
  // names the content.
  const bool there = env.LinkInfo(repository_.Absolute(from)).ok();
  if (own_name) PANO_RETURN_IF_ERROR(file.Save(repository_));
  if (there) PANO_RETURN_IF_ERROR(env.Rename(repository_.Absolute(from), full).Wrap(StrCat(from, ": cannot move to ", path)));
  if (own_name) {
    PANO_RETURN_IF_ERROR(env.Remove(repository_.Absolute(old_file)).Wrap(old_file));
  } else {
    PANO_RETURN_IF_ERROR(file.Save(repository_));
  }
  PANO_RETURN_IF_ERROR(RemoveFromGitIgnore(repository_, from));
  return AddToGitIgnore(repository_, path);
}

Status Tracking::Remove(const std::string& dvc_file, bool with_data, bool force) {
  PANO_ASSIGN_OR_RETURN(const DvcFile file, DvcFile::Load(repository_, dvc_file));
  if (with_data) {
    for (const Output& output : file.outputs()) PANO_RETURN_IF_ERROR(workspace_.RemoveData(output, force));
  }
  PANO_RETURN_IF_ERROR(repository_.env().Remove(repository_.Absolute(dvc_file)).Wrap(dvc_file));
  for (const Output& output : file.outputs()) PANO_RETURN_IF_ERROR(RemoveFromGitIgnore(repository_, output.path));
  return {};
}

}  // namespace pano::data
