#include "data/version/sync/chunked_outputs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/path_exists.h"
#include "base/random.h"
#include "base/strings.h"
#include "data/version/chunked/chunk_pack.h"

namespace pano::data {
namespace {

std::string FolderOf(const Repository& repository) { return repository.cache_folder() + "/pano"; }
std::string KeyOf(const std::string& file) { return "pano/" + file; }

// One file of the remote to `path`, by a file beside it that `check` has looked at.
Status FetchFile(remote::Remote& from, const std::string& key, const std::string& path,
                 DataEnv& env, const std::stop_token& stop,
                 const std::function<Status(const std::string& temporary)>& check) {
  PANO_RETURN_IF_ERROR(MakeFolders(env, std::string(FolderName(path))));
  const std::string temporary = StrCat(path, ".tmp-", RandomHex(8));
  std::unique_ptr<File> file;
  Status status = from.Get(
      key, 0,
      [&](uint64_t offset, std::span<const std::byte> bytes) -> Status {
        if (offset == 0 || !file) {
          PANO_ASSIGN_OR_RETURN(file, env.Open(temporary, Env::OpenMode::kWrite));
        }
        return file->WriteAll(bytes);
      },
      stop);
  if (status.ok() && !file) status = Corruption(StrCat(from.Name(), "/", key, ": is empty"));
  if (status.ok()) status = file->Close();
  file.reset();
  if (status.ok()) status = check(temporary);
  if (status.ok()) status = env.Rename(temporary, path);
  if (!status.ok()) (void)env.Remove(temporary);
  return status;
}

}  // namespace

chunked::ChunkStore ChunksOf(const Repository& repository) {
  return chunked::ChunkStore(FolderOf(repository), repository.env());
}

Result<Output> StoreChunked(Workspace& workspace, const Output& output, uint64_t* added_bytes) {
  const Repository& repository = workspace.repository();
  // Names, links and kinds are checked as for any data.
  PANO_ASSIGN_OR_RETURN(const Content content, workspace.Look(output.path));
  if (!content.there) return NotFound(StrCat("'", Printable(output.path, 200), "' does not exist"));
  if (content.folder)
    return InvalidArgument(
        StrCat("'", Printable(output.path, 200), "' is a folder: chunks are for single files"));
  chunked::ChunkStore chunks = ChunksOf(repository);
  PANO_ASSIGN_OR_RETURN(const chunked::Stored stored,
                        chunks.Put(repository.Absolute(output.path),
                                   output.id && !output.id->folder ? output.id->md5.Hex() : ""));
  if (added_bytes != nullptr) *added_bytes = stored.added_bytes;
  Output now = output;
  PANO_ASSIGN_OR_RETURN(now.id, ObjectId::Parse(stored.md5));
  now.bytes = stored.bytes;
  now.files.reset();
  now.executable = content.executable;
  return now;
}

Result<std::vector<ObjectId>> RestoreChunked(Workspace& workspace,
                                             const std::vector<Target>& targets) {
  const chunked::ChunkStore chunks = ChunksOf(workspace.repository());
  DataEnv& env = workspace.repository().env();
  std::vector<ObjectId> restored;
  for (const Target& target : targets) {
    const Output& output = *target.output;
    if (!output.id || output.id->folder || !output.cached || workspace.store().Has(*output.id))
      continue;
    PANO_ASSIGN_OR_RETURN(const bool there, chunks.Has(output.id->md5.Hex()));
    if (!there) continue;
    const std::string temporary = workspace.store().TemporaryPath();
    PANO_RETURN_IF_ERROR(MakeFolders(env, std::string(FolderName(temporary))));
    Status status;
    {
      PANO_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                            env.Open(temporary, Env::OpenMode::kWrite));
      status = chunks.Read(output.id->md5.Hex(), [&file](std::span<const std::byte> bytes) {
        return file->WriteAll(bytes);
      });
      if (status.ok()) status = file->Close();
    }
    if (status.ok()) {
      status = workspace.store().Adopt(temporary, *output.id);
    } else {
      (void)env.Remove(temporary);
    }
    if (!status.ok()) return status.Wrap(StrCat("'", Printable(output.path, 200), "'"));
    restored.push_back(*output.id);
  }
  return restored;
}

Status RemoveRestored(Workspace& workspace, const std::vector<ObjectId>& restored) {
  const auto& types = workspace.store().options().link_types;
  const bool links = std::any_of(types.begin(), types.end(), [](LinkType type) {
    return type == LinkType::kHardLink || type == LinkType::kSymbolicLink;
  });
  if (links) return {};
  for (const ObjectId& id : restored) PANO_RETURN_IF_ERROR(workspace.store().Remove(id));
  return {};
}

Status PushChunks(Workspace& workspace, remote::Remote& to, const std::string& md5,
                  const std::stop_token& stop) {
  const chunked::ChunkStore chunks = ChunksOf(workspace.repository());
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> files, chunks.FilesOf(md5));
  std::vector<std::string> keys;
  for (const std::string& file : files) keys.push_back(KeyOf(file));
  PANO_ASSIGN_OR_RETURN(const std::vector<bool> there, to.Exists(keys, stop));
  for (size_t i = 0; i < files.size(); ++i) {
    if (there[i]) continue;
    const std::string path = StrCat(FolderOf(workspace.repository()), "/", files[i]);
    PANO_ASSIGN_OR_RETURN(const FileInfo info, workspace.repository().env().Stat(path).Wrap(path));
    PANO_RETURN_IF_ERROR(to.Put(keys[i], {path, info.bytes, ""}, stop));
  }
  return {};
}

Status FetchChunks(Workspace& workspace, remote::Remote& from, const std::string& md5,
                   const std::stop_token& stop) {
  DataEnv& env = workspace.repository().env();
  const std::string folder = FolderOf(workspace.repository());
  const std::string manifest_file = StrCat("manifests/", md5.substr(0, 2), "/", md5.substr(2));
  chunked::Manifest manifest;
  // The manifest gets its name when all its packs are here.
  const std::string waiting = StrCat(folder, "/tmp/manifest-", md5);
  PANO_RETURN_IF_ERROR(FetchFile(
      from, KeyOf(manifest_file), waiting, env, stop, [&](const std::string& temporary) -> Status {
        PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(temporary, 64u << 20, env));
        PANO_ASSIGN_OR_RETURN(manifest, chunked::ParseManifest(text).Wrap(
                                            StrCat(from.Name(), "/", KeyOf(manifest_file))));
        return manifest.md5 == md5 ? OkStatus()
                                   : Corruption(StrCat(from.Name(), "/", KeyOf(manifest_file),
                                                       ": is of another version"));
      }));
  for (const std::string& name : manifest.packs) {
    const std::string file = StrCat("packs/", name.substr(0, 2), "/", name.substr(2));
    const std::string path = StrCat(folder, "/", file);
    PANO_ASSIGN_OR_RETURN(const bool here, Exists(path, env));
    if (here) continue;
    PANO_RETURN_IF_ERROR(
        FetchFile(from, KeyOf(file), path, env, stop, [&](const std::string& temporary) -> Status {
          PANO_ASSIGN_OR_RETURN(const chunked::Pack pack, chunked::Pack::Open(temporary, name));
          return pack.Check();
        }).Wrap(StrCat("version ", md5)));
  }
  PANO_RETURN_IF_ERROR(
      MakeFolders(env, std::string(FolderName(StrCat(folder, "/", manifest_file)))));
  return env.Rename(waiting, StrCat(folder, "/", manifest_file)).Wrap(manifest_file);
}

}  // namespace pano::data
