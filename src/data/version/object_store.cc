#include "data/version/object_store.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/random.h"
#include "base/strings.h"

namespace pano::data {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
constexpr std::string_view kTemporaryPrefix = ".pano-tmp-";
constexpr uint32_t kObjectMode = 0444;

// Passes the bytes of `path` on, piece by piece.
template <typename Take>
Status ReadPieces(DataEnv& env, const std::string& path, Take take) {
  auto opened = env.Open(path, Env::OpenMode::kRead);
  if (!opened.ok()) return opened.status().Wrap(path + ": cannot read");
  thread_local std::vector<std::byte> buffer(kPieceBytes);
  while (true) {
    const auto n = (*opened)->ReadSome(buffer);
    if (!n.ok()) return n.status().Wrap(path + ": cannot read");
    if (*n == 0) return {};
    PANO_RETURN_IF_ERROR(take(std::span<const std::byte>(buffer).first(*n)));
  }
}

Result<Md5> HashOf(DataEnv& env, const std::string& path, HashName hash, uint64_t* bytes = nullptr) {
  Md5Stream stream(hash);
  uint64_t total = 0;
  PANO_RETURN_IF_ERROR(ReadPieces(env, path, [&](std::span<const std::byte> piece) {
    stream.Append(piece);
    total += piece.size();
    return OkStatus();
  }));
  if (bytes != nullptr) *bytes = total;
  return stream.Finish();
}

Status Corrupt(const ObjectId& id, const std::string& path) {
  return Corruption(StrCat("the object ", id.ToString(), " is corrupt (", path,
                           " holds something else): `pano data verify` lists such objects, `fetch --force` gets them anew"));
}

// A name of the cache: two digits and thirty, behind which may stand ".dir".
bool ParseNames(std::string_view first, std::string_view rest, HashName hash, ObjectId* out) {
  auto id = ObjectId::Parse(StrCat(first, rest), hash);
  if (first.size() != 2 || !id.ok()) return false;
  *out = *id;
  return true;
}

}  // namespace

Result<std::vector<LinkType>> ParseLinkTypes(std::string_view text) {
  std::vector<LinkType> types;
  for (const std::string_view part : Split(text, ',')) {
    const std::string_view name = Trim(part);
    if (name == "reflink") {
      types.push_back(LinkType::kReflink);
    } else if (name == "hardlink") {
      types.push_back(LinkType::kHardLink);
    } else if (name == "symlink") {
      types.push_back(LinkType::kSymbolicLink);
    } else if (name == "copy") {
      types.push_back(LinkType::kCopy);
    } else {
      return InvalidArgument(StrCat("config: cache.type: there is no link type '", Printable(name),
                                    "' (reflink, hardlink, symlink, copy)"));
    }
  }
  return types;
}

ObjectStore::ObjectStore(std::string folder, StoreOptions options, StateCache* state, DataEnv& env)
    : folder_(std::move(folder)), options_(std::move(options)), state_(state), env_(env), mark_(RandomHex(6)) {}

std::string ObjectStore::Path(const ObjectId& id) const { return StrCat(folder_, "/", id.RelativePath()); }

bool ObjectStore::Has(const ObjectId& id) const {
  const auto info = env_.EntryInfoOf(Path(id));
  return info.ok() && info->kind == EntryInfo::Kind::kFile;
}

Result<std::string> ObjectStore::Verified(const ObjectId& id) const {
  std::string path = Path(id);
  const auto info = env_.EntryInfoOf(path);
  if (!info.ok() && info.status().code() != StatusCode::kNotFound) return info.status().Wrap(path);
  if (!info.ok() || info->kind != EntryInfo::Kind::kFile) {
    return NotFound(StrCat("the object ", id.ToString(), " is not in the cache: `pano data fetch` gets what a remote has"));
  }
  // A manifest is hashed as it is, whatever its files were.
  const HashName hash = id.folder ? HashName::kMd5 : id.hash;
  const FileStamp stamp = StampOf(*info);
  if (state_ != nullptr) {
    if (const auto known = state_->Find(stamp, hash)) {
      if (*known != id.md5) return Corrupt(id, path);
      return path;
    }
  }
  const int64_t now = StateCache::Now();
  PANO_ASSIGN_OR_RETURN(const Md5 md5, HashOf(env_, path, hash));
  if (state_ != nullptr) state_->Record(stamp, hash, md5, now);
  if (md5 != id.md5) return Corrupt(id, path);
  return path;
}

Result<std::string> ObjectStore::Read(const ObjectId& id, size_t bytes_max) const {
  const std::string path = Path(id);
  auto bytes = ReadFile(path, bytes_max, env_);
  if (!bytes.ok()) {
    if (bytes.status().code() != StatusCode::kNotFound) return bytes;
    return Verified(id).status();
  }
  if (Md5Of(*bytes, id.folder ? HashName::kMd5 : id.hash) != id.md5) return Corrupt(id, path);
  return bytes;
}

bool ObjectStore::Sound(const ObjectId& id) const { return Verified(id).ok(); }

std::string ObjectStore::TemporaryPath() {
  return StrCat(folder_, "/", kTemporaryPrefix, mark_, "-", temporaries_.fetch_add(1));
}

std::string ObjectStore::WorkspaceTemporary() {
  return StrCat(options_.workspace_temporary, "/", kTemporaryPrefix, mark_, "-", temporaries_.fetch_add(1));
}

Status ObjectStore::RemoveAbandoned(double age_seconds) {
  // Not StateCache::Now(): kernels since 6.13 give files times that are finer than the coarse clock and ahead of it.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t before =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - static_cast<int64_t>(age_seconds * 1e9);
  for (const std::string& folder : {folder_, options_.workspace_temporary}) {
    if (folder.empty()) continue;
    const auto names = env_.List(folder);
    if (!names.ok()) continue;   // not made yet
    for (const std::string& name : *names) {
      if (!name.starts_with(kTemporaryPrefix)) continue;
      const std::string path = StrCat(folder, "/", name);
      const auto info = env_.LinkInfo(path);
      if (!info.ok() || info->mtime_ns > before) continue;
      PANO_RETURN_IF_ERROR(info->kind == EntryInfo::Kind::kFolder ? env_.RemoveTree(path) : env_.Remove(path));
    }
  }
  return {};
}

Status ObjectStore::MakeFolderOf(const ObjectId& id) {
  std::atomic<bool>& made = made_[id.md5.bytes[0] + (id.hash == HashName::kMd5 ? 0u : 256u)];
  if (made.load(std::memory_order_acquire)) return {};
  const std::string folder(FolderName(Path(id)));
  PANO_RETURN_IF_ERROR(MakeFolders(env_, folder));
  if (options_.shared) (void)env_.SetMode(folder, 02775);
  made.store(true, std::memory_order_release);
  return {};
}

Status ObjectStore::Install(const std::string& temporary, const ObjectId& id) {
  if (const Status status = env_.SetMode(temporary, kObjectMode); !status.ok()) {
    (void)env_.Remove(temporary);
    return status.Wrap(StrCat("the object ", id.ToString(), ": cannot store"));
  }
  return InstallReadOnly(temporary, id);
}

Status ObjectStore::InstallReadOnly(const std::string& temporary, const ObjectId& id) {
  const std::string path = Path(id);
  Status status = MakeFolderOf(id);
  if (status.ok()) status = env_.Rename(temporary, path);
  if (!status.ok()) {
    (void)env_.Remove(temporary);
    return status.Wrap(StrCat("the object ", id.ToString(), ": cannot store"));
  }
  if (state_ == nullptr) return {};
  if (const auto info = env_.LinkInfo(path); info.ok()) {
    state_->RecordOwn(StampOf(*info), id.folder ? HashName::kMd5 : id.hash, id.md5);
  }
  return {};
}

Status ObjectStore::Adopt(const std::string& temporary, const ObjectId& expected) {
  const auto md5 = HashOf(env_, temporary, expected.folder ? HashName::kMd5 : expected.hash);
  if (!md5.ok() || *md5 != expected.md5) {
    (void)env_.Remove(temporary);
    if (!md5.ok()) return md5.status();
    return Corruption(StrCat("the object ", expected.ToString(), " came with other bytes (their MD5 is ", md5->Hex(), ")"));
  }
  return Install(temporary, expected);
}

Result<ObjectId> ObjectStore::PutBytes(std::string_view bytes, bool folder, HashName hash) {
  const ObjectId id{Md5Of(bytes, folder ? HashName::kMd5 : hash), folder, hash};
  if (Sound(id)) return id;
  const std::span<const std::byte> content = std::as_bytes(std::span(bytes));
  PANO_RETURN_IF_ERROR(MakeFolderOf(id));
  EntryInfo made;
  Status status = env_.CreateWhole(folder_, Path(id), content, {kObjectMode, /*exact=*/true}, &made);
  if (status.ok()) {
    if (state_ != nullptr) state_->RecordOwn(StampOf(made), folder ? HashName::kMd5 : hash, id.md5);
    return id;
  }
  // A corrupt object is replaced; some file systems have no files without names.
  if (status.code() != StatusCode::kAlreadyExists && status.code() != StatusCode::kUnimplemented) {
    return status.Wrap(StrCat("the object ", id.ToString(), ": cannot store"));
  }
  const std::string temporary = TemporaryPath();
  status = env_.CreateFile(temporary, content, {kObjectMode, /*exact=*/true});
  if (!status.ok()) {
    (void)env_.Remove(temporary);
    return status.Wrap(StrCat("the object ", id.ToString(), ": cannot store"));
  }
  PANO_RETURN_IF_ERROR(InstallReadOnly(temporary, id));
  return id;
}

Result<StoredFile> ObjectStore::PutFile(const std::string& path, uint64_t bytes_expected, HashName hash) {
  if (bytes_expected > kPieceBytes) return PutLargeFile(path, hash);
  // Small: read once; what is there already is not written at all.
  thread_local std::vector<std::byte> buffer(kPieceBytes + 1);
  EntryInfo info;
  const auto size = env_.ReadStart(path, buffer, &info);
  if (!size.ok()) return size.status().Wrap(path + ": cannot read");
  if (*size > kPieceBytes) return PutLargeFile(path, hash);   // it has grown
  StoredFile stored;
  PANO_ASSIGN_OR_RETURN(stored.id, PutBytes({reinterpret_cast<const char*>(buffer.data()), *size}, /*folder=*/false, hash));
  stored.stamp = StampOf(info);
  stored.stamp.bytes = *size;
  return stored;
}

Result<StoredFile> ObjectStore::PutLargeFile(const std::string& path, HashName hash) {
  PANO_RETURN_IF_ERROR(MakeFolders(env_, folder_));
  const std::string temporary = TemporaryPath();
  StoredFile stored;
  ObjectId& id = stored.id;
  id.hash = hash;
  uint64_t total = 0;
  const auto fail = [&](const Status& status) {
    (void)env_.Remove(temporary);
    return status.Wrap(StrCat(path, ": cannot store"));
  };
  const Status cloned = env_.CloneFile(path, temporary);
  if (cloned.ok()) {
    auto md5 = HashOf(env_, temporary, hash, &total);
    if (!md5.ok()) return fail(md5.status());
    id.md5 = *md5;
  } else if (cloned.code() != StatusCode::kUnimplemented) {
    return fail(cloned);
  } else {
    auto file = env_.Open(temporary, Env::OpenMode::kWrite);
    if (!file.ok()) return fail(file.status());
    Md5Stream stream(hash);
    Status status = ReadPieces(env_, path, [&](std::span<const std::byte> piece) {
      stream.Append(piece);
      total += piece.size();
      return (*file)->WriteAll(piece);
    });
    if (status.ok()) status = (*file)->Close();
    if (!status.ok()) return fail(status);
    id.md5 = stream.Finish();
  }
  if (const auto info = env_.EntryInfoOf(path); info.ok()) stored.stamp = StampOf(*info);
  stored.stamp.bytes = total;
  if (Sound(id)) {
    PANO_RETURN_IF_ERROR(env_.Remove(temporary));
    return stored;
  }
  PANO_RETURN_IF_ERROR(Install(temporary, id));
  return stored;
}

// A small object to a name that is free. Unimplemented or AlreadyExists: another way is needed.
Status ObjectStore::CopySmall(const ObjectId& id, const std::string& path, bool executable) {
  thread_local std::vector<std::byte> buffer(kPieceBytes);
  EntryInfo info;
  const auto size = env_.ReadStart(Path(id), buffer, &info);
  if (!size.ok()) return size.status().code() == StatusCode::kNotFound ? Verified(id).status() : size.status();
  if (*size != info.bytes) return Unimplemented("not small");
  const auto content = std::span<const std::byte>(buffer).first(*size);
  thread_local Md5Stream streams[2] = {Md5Stream(HashName::kMd5), Md5Stream(HashName::kMd5Dos2Unix)};
  Md5Stream& stream = streams[static_cast<int>(id.hash)];
  stream.Append(content);
  if (stream.Finish() != id.md5) return Corrupt(id, Path(id));
  EntryInfo made;
  return env_.CreateWhole(options_.workspace_temporary, path, content, {executable ? 0777u : 0666u, /*exact=*/false}, &made);
}

Status ObjectStore::CopyTo(const ObjectId& id, const std::string& path, bool executable) {
  Status small = CopySmall(id, path, executable);
  if (small.ok()) return small;
  if (small.code() != StatusCode::kAlreadyExists && small.code() != StatusCode::kUnimplemented) {
    return small.Wrap(StrCat(path, ": cannot place"));
  }
  const std::string temporary = WorkspaceTemporary();
  auto file = env_.Open(temporary, Env::OpenMode::kWrite);
  if (!file.ok()) return file.status().Wrap(StrCat(path, ": cannot write"));
  // The bytes that are handed out are the bytes that were hashed, whatever happens to the object meanwhile.
  Md5Stream stream(id.hash);
  Status status = ReadPieces(env_, Path(id), [&](std::span<const std::byte> piece) {
    stream.Append(piece);
    return (*file)->WriteAll(piece);
  });
  if (status.code() == StatusCode::kNotFound) status = Verified(id).status();
  if (status.ok()) status = (*file)->Close();
  file->reset();
  if (status.ok() && stream.Finish() != id.md5) status = Corrupt(id, Path(id));
  if (status.ok() && executable) {
    const auto info = env_.LinkInfo(temporary);
    status = info.ok() ? env_.SetMode(temporary, info->mode | ((info->mode & 0444) >> 2)) : info.status();
  }
  if (status.ok()) status = env_.Rename(temporary, path);
  if (!status.ok()) {
    (void)env_.Remove(temporary);
    return status.Wrap(StrCat(path, ": cannot place"));
  }
  return {};
}

Status ObjectStore::PlaceAt(const ObjectId& id, const std::string& path, bool executable) {
  const size_t count = options_.link_types.size();
  for (auto i = static_cast<size_t>(first_link_.load()); i < count; ++i) {
    const LinkType type = options_.link_types[i];
    if (type == LinkType::kCopy) return CopyTo(id, path, executable);
    PANO_ASSIGN_OR_RETURN(const std::string object, Verified(id));
    const std::string temporary = WorkspaceTemporary();
    Status status = type == LinkType::kReflink    ? env_.CloneFile(object, temporary)
                    : type == LinkType::kHardLink ? env_.MakeHardLink(object, temporary)
                                                  : env_.MakeLink(object, temporary);
    if (status.ok()) {
      if (type == LinkType::kReflink && executable) {
        const auto info = env_.LinkInfo(temporary);
        if (info.ok()) status = env_.SetMode(temporary, info->mode | ((info->mode & 0444) >> 2));
      }
      if (status.ok()) status = env_.Rename(temporary, path);
      // rename(2) of two names of one file leaves both.
      if (!status.ok() || type == LinkType::kHardLink) (void)env_.Remove(temporary);
      return status.ok() ? status : status.Wrap(StrCat(path, ": cannot place"));
    }
    if (status.code() == StatusCode::kExhausted) return status.Wrap(StrCat(path, ": cannot place"));
    // This type does not work between these two places; the next one may, for all objects alike.
    if (i + 1 == count) break;
    int expected = static_cast<int>(i);
    (void)first_link_.compare_exchange_strong(expected, static_cast<int>(i + 1));
  }
  return CopyTo(id, path, executable);
}

Result<std::vector<ObjectId>> ObjectStore::List() const {
  std::vector<ObjectId> ids;
  for (const auto& [below, hash] : {std::pair<std::string, HashName>{folder_ + "/files/md5", HashName::kMd5},
                                    {folder_, HashName::kMd5Dos2Unix}}) {
    const auto firsts = env_.List(below);
    if (!firsts.ok()) {
      if (firsts.status().code() == StatusCode::kNotFound) continue;
      return firsts.status().Wrap(below);
    }
    for (const std::string& first : *firsts) {
      if (first.size() != 2) continue;
      const auto names = env_.List(StrCat(below, "/", first));
      if (!names.ok()) continue;   // no folder
      for (const std::string& name : *names) {
        ObjectId id;
        if (ParseNames(first, name, hash, &id)) ids.push_back(id);
      }
    }
  }
  return ids;
}

Status ObjectStore::Remove(const ObjectId& id) { return env_.Remove(Path(id)).Wrap(Path(id)); }

ObjectWriter::ObjectWriter(ObjectStore& store, ObjectId expected)
    : store_(store), expected_(expected), path_(store.TemporaryPath()), md5_(expected.folder ? HashName::kMd5 : expected.hash) {}

ObjectWriter::~ObjectWriter() {
  file_.reset();
  if (created_) (void)store_.env().Remove(path_);
}

Status ObjectWriter::Append(std::span<const std::byte> bytes) {
  if (!created_) {
    PANO_RETURN_IF_ERROR(MakeFolders(store_.env(), store_.folder()));
    created_ = true;
    auto file = store_.env().Open(path_, Env::OpenMode::kWrite);
    if (!file.ok()) return file.status().Wrap(path_);
    file_ = *std::move(file);
  }
  md5_.Append(bytes);
  return file_->WriteAll(bytes).Wrap(StrCat("the object ", expected_.ToString(), ": cannot store"));
}

Status ObjectWriter::Commit() {
  if (!created_) PANO_RETURN_IF_ERROR(Append({}));
  PANO_RETURN_IF_ERROR(file_->Close());
  file_.reset();
  const Md5 md5 = md5_.Finish();
  if (md5 != expected_.md5) {
    return Corruption(StrCat("the object ", expected_.ToString(), " came with other bytes (their MD5 is ", md5.Hex(), ")"));
  }
  created_ = false;   // Install removes it where it fails
  return store_.Install(path_, expected_);
}

}  // namespace pano::data
