#include "model/convert/output.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "base/env.h"
#include "base/errno_status.h"
#include "base/path_exists.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::convert {
namespace {

namespace fs = std::filesystem;

// Names that a model's folder is made of.
bool IsModelFile(std::string_view name) {
  for (std::string_view end : {".json", ".safetensors", ".jinja", ".model", ".txt", ".md"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

Status AlreadyThere(const std::string& path, std::string_view why) {
  return Status(StatusCode::kAlreadyExists, StrCat(path, ": ", why));
}

// A link counts by itself, wherever it leads.
Result<bool> StandsAt(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() != fs::file_type::none) return fs::exists(status);
  return ErrnoStatus(error.value()).Wrap(StrCat(path, ": cannot look"));
}

Status Writing(const std::string& target, const Status& status) {
  if (status.ok()) return status;
  const StatusCode code =
      status.reason() == "disk_full" ? StatusCode::kExhausted : StatusCode::kUnavailable;
  return Status(code, StrCat(target, ": cannot write: ", status.message())).WithCause(status);
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

Status CheckFileTarget(const std::string& path, bool overwrite) {
  PANO_ASSIGN_OR_RETURN(const bool there, StandsAt(path));
  if (!there) return {};
  if (IsDirectory(path)) return AlreadyThere(path, "is a folder");
  if (!overwrite) return AlreadyThere(path, "is there already");
  if (!FileExists(path)) return AlreadyThere(path, "is no regular file");
  return {};
}

Status FolderWriter::Check(const std::string& target, bool overwrite) {
  PANO_ASSIGN_OR_RETURN(const bool there, StandsAt(target));
  if (!there) return {};
  if (!overwrite) return AlreadyThere(target, "is there already");
  if (!IsDirectory(target)) return AlreadyThere(target, "is no folder");
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(target));
  for (const std::string& name : names) {
    if (!IsModelFile(name) || !FileExists(JoinPath(target, name))) {
      return AlreadyThere(target, StrCat("holds '", Printable(name),
                                   "', which is no file of a model; it is "
                                   "not replaced"));
    }
  }
  return {};
}

FolderWriter::FolderWriter(std::string target, Env& env)
    : target_(WithoutSlash(std::move(target))),
      temporary_(StrCat(target_, ".tmp-", RandomHex(4))),
      env_(env) {}

FolderWriter::~FolderWriter() {
  // Ignored when it fails: a leftover under that name is never read.
  (void)env_.RemoveTree(temporary_);
}

Status FolderWriter::Create() {
  const bool real = &env_ == &Env::Real();
  if (real) RemoveAbandoned(target_);
  const Status made = env_.MakeFolder(temporary_);
  if (real && made.ok()) mark_ = WriteMark(temporary_);
  return Writing(target_, made);
}

Status FolderWriter::Write(std::string_view name, std::string_view text) {
  return WriteFile(JoinPath(temporary_, name), text, env_);
}

Status FolderWriter::CopyTexts(const std::string& from) {
  constexpr size_t kFileBytesMax = 256u << 20;
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        env_.List(from).Wrap(StrCat(from, ": cannot list")));
  for (const std::string& name : names) {
    const bool text = name.ends_with(".json") || name.ends_with(".jinja") ||
                      name.ends_with(".txt") || name.ends_with(".model");
    if (!text || name == "config.json" || name == "model.safetensors.index.json") continue;
    PANO_ASSIGN_OR_RETURN(const std::string bytes,
                          ReadFile(JoinPath(from, name), kFileBytesMax, env_));
    PANO_RETURN_IF_ERROR(Write(name, bytes));
  }
  return {};
}

Status FolderWriter::Commit() {
  // Its names first, then its own: after a crash no name stands for a folder that is not whole.
  Status status = env_.SyncFolder(temporary_);
  if (status.ok()) status = Replace();
  if (status.ok()) status = env_.SyncFolder(std::string(FolderName(target_)));
  if (status.ok()) (void)env_.RemoveTree(temporary_);  // the folder that was replaced
  return Writing(target_, status);
}

// Puts the new folder in the place of the old one.
Status FolderWriter::Replace() {
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(target_, env_));
  if (!there) return env_.Rename(temporary_, target_);
  const Status exchanged = env_.Exchange(temporary_, target_);
  if (exchanged.code() != StatusCode::kUnimplemented) return exchanged;
  const std::string old = StrCat(temporary_, "-old");
  PANO_RETURN_IF_ERROR(env_.Rename(target_, old));
  if (const Status moved = env_.Rename(temporary_, target_); !moved.ok()) {
    (void)env_.Rename(old, target_);
    return moved;
  }
  // Ignored when it fails: the new folder is in place.
  (void)env_.RemoveTree(old);
  return {};
}

}  // namespace pano::convert
