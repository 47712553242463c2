#include "model/convert/output.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "base/env.h"
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

Status Exists(const std::string& path, std::string_view why) {
  return Status(StatusCode::kAlreadyExists, StrCat(path, ": ", why));
}

bool StandsAt(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

Status CheckFileTarget(const std::string& path, bool overwrite) {
  if (!StandsAt(path)) return {};
  if (IsDirectory(path)) return Exists(path, "is a folder");
  if (!overwrite) return Exists(path, "is there already");
  if (!FileExists(path)) return Exists(path, "is no regular file");
  return {};
}

Status FolderWriter::Check(const std::string& target, bool overwrite) {
  if (!StandsAt(target)) return {};
  if (!overwrite) return Exists(target, "is there already");
  if (!IsDirectory(target)) return Exists(target, "is no folder");
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(target));
  for (const std::string& name : names) {
    if (!IsModelFile(name) || !FileExists(JoinPath(target, name))) {
      return Exists(target, StrCat("holds '", Printable(name),
                                   "', which is no file of a model; it is "
                                   "not replaced"));
    }
  }
  return {};
}

FolderWriter::FolderWriter(std::string target)
    : target_(WithoutSlash(std::move(target))),
      temporary_(StrCat(target_, ".tmp-", RandomHex(4))) {}

FolderWriter::~FolderWriter() {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

Status FolderWriter::Create() {
  std::error_code error;
  if (!fs::create_directory(temporary_, error)) {
    return Status(StatusCode::kUnavailable,
                  StrCat(target_, ": cannot write: ", error ? error.message() : "is in the way"));
  }
  return {};
}

Status FolderWriter::Write(std::string_view name, std::string_view text) {
  return WriteFile(JoinPath(temporary_, name), text);
}

Status FolderWriter::CopyTexts(const std::string& from) {
  constexpr size_t kFileBytesMax = 256u << 20;
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(from));
  for (const std::string& name : names) {
    const bool text = name.ends_with(".json") || name.ends_with(".jinja") ||
                      name.ends_with(".txt") || name.ends_with(".model");
    if (!text || name == "config.json" || name == "model.safetensors.index.json") continue;
    PANO_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(JoinPath(from, name), kFileBytesMax));
    PANO_RETURN_IF_ERROR(Write(name, bytes));
  }
  return {};
}

Status FolderWriter::Commit() {
  std::error_code error;
  const std::string old = StrCat(temporary_, "-old");
  const bool replaces = StandsAt(target_);
  if (replaces) fs::rename(target_, old, error);
  if (!error) {
    fs::rename(temporary_, target_, error);
    std::error_code ignored;
    if (error && replaces) fs::rename(old, target_, ignored);
    if (!error && replaces) fs::remove_all(old, ignored);
  }
  if (error) {
    return Status(StatusCode::kUnavailable, StrCat(target_, ": cannot write: ", error.message()));
  }
  return {};
}

}  // namespace pano::convert
