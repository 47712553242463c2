#include "data/version/remote/directory_remote.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/abandoned_files.h"
#include "base/path_exists.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/read_pieces.h"

namespace pano::remote {
namespace {

constexpr int kDepthMax = 16;  // of folders below the root
// A crash of the machine may cost the last small objects: who reads them hashes them. A sync for
// each of a million of them would cost hours.
constexpr uint64_t kSyncBytesMin = 4u << 20;

Status Cancelled() { return Status(StatusCode::kCancelled, "interrupted"); }

}  // namespace

DirectoryRemote::DirectoryRemote(std::string root, Env& env) : root_(std::move(root)), env_(env) {}

int DirectoryRemote::jobs_hint() const { return std::max(4, 2 * AvailableCores()); }

Result<std::vector<bool>> DirectoryRemote::Exists(const std::vector<std::string>& keys,
                                                  const std::stop_token& stop) {
  std::vector<bool> there(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (stop.stop_requested()) return Cancelled();
    const std::string path = JoinPath(root_, keys[i]);
    Result<bool> exists = pano::Exists(path, env_);
    if (!exists.ok()) return exists.error().Wrap(StrCat("cannot look at ", path));
    there[i] = *exists;
  }
  return there;
}

Status DirectoryRemote::ListFolder(const std::string& folder, const std::string& prefix, int depth,
                                   const OnEntry& on_entry, const std::stop_token& stop) {
  if (stop.stop_requested()) return Cancelled();
  if (depth > kDepthMax) return {};  // nothing of ours lies there
  const std::string path = folder.empty() ? root_ : JoinPath(root_, folder);
  Result<std::vector<std::string>> names = env_.List(path);
  if (!names.ok()) {
    if (names.error().code() == StatusCode::kNotFound) return {};
    return names.error().Wrap(StrCat("cannot list ", path));
  }
  for (const std::string& name : *names) {
    const std::string key = folder.empty() ? name : StrCat(folder, "/", name);
    const size_t common = std::min(key.size(), prefix.size());
    if (key.compare(0, common, prefix, 0, common) != 0) continue;
    const Result<FileInfo> info = env_.Stat(JoinPath(root_, key));
    if (!info.ok()) {
      if (info.error().code() == StatusCode::kNotFound) continue;  // gone meanwhile
      return info.error().Wrap(StrCat("cannot look at ", JoinPath(root_, key)));
    }
    if (info->kind == FileInfo::Kind::kFolder) {
      PANO_RETURN_IF_ERROR(ListFolder(key, prefix, depth + 1, on_entry, stop));
    } else if (info->kind == FileInfo::Kind::kFile && key.size() >= prefix.size()) {
      PANO_RETURN_IF_ERROR(on_entry({key, info->bytes}));
    }
  }
  return {};
}

Status DirectoryRemote::List(const std::string& prefix, const OnEntry& on_entry,
                             const std::stop_token& stop) {
  return ListFolder("", prefix, 0, on_entry, stop);
}

Status DirectoryRemote::Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
                            const std::stop_token& stop) {
  uint64_t at = 0;
  return ReadPieces(JoinPath(root_, key), env_, stop,
                    [&](std::span<const std::byte> piece) -> Status {
                      const uint64_t begin = at;
                      at += piece.size();
                      if (at <= offset) return {};
                      if (begin < offset) piece = piece.subspan(offset - begin);
                      return on_bytes(std::max(begin, offset), piece);
                    });
}

Status DirectoryRemote::MakeFolders(const std::string& folder) {
  {
    MutexLock lock(mu_);
    if (folders_.contains(folder)) return {};
  }
  Status made = env_.MakeFolder(folder);
  if (made.code() == StatusCode::kNotFound) {
    const std::string above(FolderName(folder));
    if (above == folder) return made;
    PANO_RETURN_IF_ERROR(MakeFolders(above));
    made = env_.MakeFolder(folder);
  }
  if (!made.ok() && made.code() != StatusCode::kAlreadyExists) {
    return made.Wrap(StrCat("cannot make the folder ", folder));
  }
  MutexLock lock(mu_);
  folders_.insert(folder);
  return {};
}

Status DirectoryRemote::Copy(const PutSource& source, const std::string& temporary,
                             const std::stop_token& stop) {
  Result<std::unique_ptr<File>> file = env_.Open(temporary, Env::OpenMode::kWrite);
  if (!file.ok()) return file.error();
  const WriteMark mark = IsReal() ? WriteMark(temporary) : WriteMark();
  Digest digest(Digest::Kind::kMd5);
  PANO_RETURN_IF_ERROR(ReadPieces(source.path, env_, stop, [&](std::span<const std::byte> piece) {
    digest.Update(piece);
    return (*file)->WriteAll(piece);
  }));
  const std::string md5 = digest.Hex();
  if (!source.md5.empty() && md5 != source.md5) {
    return Corruption(StrCat(Printable(source.path, 300), " has the hash ", md5, " where ",
                             source.md5, " is due: it is not sent"));
  }
  if (source.bytes >= kSyncBytesMin) PANO_RETURN_IF_ERROR((*file)->Sync());
  return (*file)->Close();
}

Status DirectoryRemote::Put(const std::string& key, const PutSource& source,
                            const std::stop_token& stop) {
  const std::string path = JoinPath(root_, key);
  PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(path))));
  const std::string unfinished = JoinPath(root_, "tmp/put");
  PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(unfinished))));
  if (!cleaned_.exchange(true) && IsReal()) RemoveAbandoned(unfinished);
  const std::string temporary = StrCat(unfinished, ".tmp-", RandomHex(8));
  Status status = Copy(source, temporary, stop);
  if (status.ok()) status = env_.Rename(temporary, path);
  if (status.ok()) return {};
  (void)env_.Remove(temporary);  // a leftover is never read
  return status.Wrap(StrCat("cannot store ", path));
}

Status DirectoryRemote::Remove(const std::string& key, const std::stop_token&) {
  const std::string path = JoinPath(root_, key);
  const Status removed = env_.Remove(path);
  if (removed.code() == StatusCode::kNotFound) return {};
  return removed.Wrap(StrCat("cannot remove ", path));
}

}  // namespace pano::remote
