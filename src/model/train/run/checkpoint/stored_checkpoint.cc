#include "model/train/run/checkpoint/stored_checkpoint.h"

#include <algorithm>

#include "base/digest/file_digest.h"
#include "base/strings.h"
#include "model/train/run/checkpoint/folder_writer.h"

namespace pano::train {
namespace {

Status CheckFile(Env& env, const std::string& folder, const Manifest::File& expected) {
  const std::string path = JoinPath(folder, expected.name);
  Result<FileInfo> info = env.Stat(path);
  if (!info.ok()) return Corruption(StrCat(expected.name, ": ", info.error().message()));
  if (info->kind != FileInfo::Kind::kFile || info->bytes != expected.bytes) {
    return Corruption(StrCat(expected.name, ": has ", info->bytes, " bytes, the manifest says ",
                             expected.bytes));
  }
  const Result<FileDigest> found = DigestOfFile(env, path, Digest::kSha256);
  if (!found.ok()) return Corruption(StrCat(expected.name, ": ", found.error().message()));
  if (found->bytes != expected.bytes || found->hex != expected.sha256) {
    return Corruption(StrCat(expected.name, ": its SHA-256 is not the manifest's"));
  }
  return {};
}

}  // namespace

Result<StoredCheckpoint> StoredCheckpoint::Open(Env& env, std::string folder) {
  const std::string path = JoinPath(folder, kManifestName);
  Result<std::string> text = ReadFile(path, kManifestBytesMax, env);
  if (!text.ok()) {
    return Corruption(StrCat(folder, ": ", kManifestName, ": ", text.error().message()));
  }
  PANO_ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(*text).Wrap(path));
  const int64_t named = StepOfFolderName(BaseName(folder));
  if (manifest.step != named) {
    return Corruption(StrCat(path, ": says step ", manifest.step, ", the folder's name says ",
                             named < 0 ? std::string("none") : StrCat(named)));
  }
  for (const Manifest::File& file : manifest.files) {
    PANO_RETURN_IF_ERROR(CheckFile(env, folder, file).Wrap(folder));
  }
  return StoredCheckpoint(env, std::move(folder), std::move(manifest));
}

bool StoredCheckpoint::Has(std::string_view name) const {
  return std::any_of(manifest_.files.begin(), manifest_.files.end(),
                     [&](const Manifest::File& file) { return file.name == name; });
}

Result<std::string> StoredCheckpoint::ReadText(std::string_view name) const {
  const std::string path = JoinPath(folder_, name);
  if (!Has(name)) return NotFound(StrCat(path, ": the checkpoint has no such file"));
  return ReadFile(path, size_t{1} << 30, *env_).Wrap(path);
}

Result<TensorSet> StoredCheckpoint::OpenTensors(std::string_view prefix) const {
  std::vector<std::string> paths;
  for (const Manifest::File& file : manifest_.files) {
    if (file.name.starts_with(prefix) && file.name.ends_with(".safetensors")) {
      paths.push_back(JoinPath(folder_, file.name));
    }
  }
  if (paths.empty()) {
    return NotFound(StrCat(folder_, ": the checkpoint has no file ", prefix, "*.safetensors"));
  }
  return TensorSet::Open(*env_, paths);
}

}  // namespace pano::train
