#include "data/version/workspace.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/mapped_file.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pano::data {
namespace {

constexpr int kThreadsMax = 64;
constexpr int kAttempts = 3;   // to read a file that is being written

// Whether the workspace's file may become the object itself: a hard or symbolic link is asked for, be it only where blocks
// cannot be shared.
bool SharesObjects(const StoreOptions& options) {
  const auto& types = options.link_types;
  return std::any_of(types.begin(), std::find(types.begin(), types.end(), LinkType::kCopy),
                     [](LinkType type) { return type == LinkType::kHardLink || type == LinkType::kSymbolicLink; });
}

// Writes to the disk what is stored while more is being stored, so that the sync at the end has little left to wait for.
// Its failures are of no account: that sync meets them again. Thread-safe.
class EarlySync {
 public:
  EarlySync(DataEnv& env, std::string folder, size_t files) : env_(env), folder_(std::move(folder)) {
    if (files >= 2 * kFiles) thread_ = StartThread("data-sync", [this](const std::stop_token& stop) { Work(stop); });
  }
  ~EarlySync() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    Wake();
  }
  EarlySync(const EarlySync&) = delete;
  EarlySync& operator=(const EarlySync&) = delete;

  void CountFile() {
    if ((stored_.fetch_add(1, std::memory_order_relaxed) + 1) % kFiles == 0) Wake();
  }

 private:
  static constexpr size_t kFiles = 2048;

  void Wake() {
    wanted_.fetch_add(1);
    wanted_.notify_one();
  }
  void Work(const std::stop_token& stop) {
    for (uint32_t seen = 0; !stop.stop_requested();) {
      wanted_.wait(seen);
      seen = wanted_.load();
      if (!stop.stop_requested()) (void)env_.SyncFileSystem(folder_);
    }
  }

  DataEnv& env_;
  const std::string folder_;
  std::atomic<size_t> stored_{0};
  std::atomic<uint32_t> wanted_{0};
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::Open(const Repository& repository, const Options& options) {
  std::unique_ptr<Workspace> workspace(new Workspace(repository));
  const Config& config = repository.config();
  int threads = options.threads;
  if (threads <= 0) threads = static_cast<int>(ParseInt(config.Get("core", "checksum_jobs")).value_or(0));
  if (threads <= 0) threads = AvailableCores();
  workspace->threads_ = std::min(threads, kThreadsMax);
  StoreOptions store;
  if (const std::string types = config.Get("cache", "type"); !types.empty()) {
    PANO_ASSIGN_OR_RETURN(store.link_types, ParseLinkTypes(types));
  }
  store.shared = config.Get("cache", "shared") == "group";
  store.workspace_temporary = repository.own_folder();
  DataEnv& env = repository.env();
  PANO_RETURN_IF_ERROR(MakeFolders(env, repository.own_folder()));
  workspace->state_ = std::make_unique<StateCache>(repository.own_folder() + "/state", env);
  workspace->store_ = std::make_unique<ObjectStore>(repository.cache_folder(), store, workspace->state_.get(), env);
  workspace->ignore_ = std::make_unique<Ignore>(repository.root(), env);
  workspace->pool_ = std::make_unique<ComputePool>(workspace->threads_);
  // A cache of this repository alone is written under its lock, so what is unfinished was left by the dead.
  const bool own_cache = repository.cache_folder() == repository.dvc_folder() + "/cache";
  PANO_RETURN_IF_ERROR(workspace->store_->RemoveAbandoned(own_cache ? 0 : 86'400));
  return workspace;
}

Workspace::~Workspace() { Close(); }

void Workspace::Close() { (void)state_->Save(); }

Status Workspace::ForEach(size_t count, const std::function<Status(size_t)>& work) {
  Mutex mu;
  Status first;
  std::atomic<bool> failed{false};
  // Few may be large: each is a part of its own then.
  pool_->ParallelFor(count, count < 1024 ? 1 : 16, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end && !failed.load(std::memory_order_relaxed); ++i) {
      const Status status = work(i);
      if (status.ok()) continue;
      MutexLock lock(mu);
      if (first.ok()) first = status;
      failed = true;
    }
  });
  return first;
}

Result<Md5> Workspace::HashFile(const std::string& full, FileStamp* stamp, HashName hash) {
  if (const auto known = state_->Find(*stamp, hash)) return *known;
  DataEnv& env = repository_.env();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int64_t now = StateCache::Now();
    thread_local std::vector<std::byte> buffer(256 << 10);
    thread_local Md5Stream streams[2] = {Md5Stream(HashName::kMd5), Md5Stream(HashName::kMd5Dos2Unix)};
    Md5Stream& stream = streams[static_cast<int>(hash)];
    if (stamp->bytes < buffer.size()) {
      EntryInfo info;
      const auto size = env.ReadStart(full, buffer, &info);
      if (!size.ok()) return size.status().Wrap(full + ": cannot read");
      const FileStamp after = StampOf(info);
      if (after == *stamp && *size == stamp->bytes) {
        stream.Append(std::span<const std::byte>(buffer).first(*size));
        const Md5 md5 = stream.Finish();
        state_->Record(*stamp, hash, md5, now);
        return md5;
      }
      *stamp = after;
      continue;
    }
    auto file = env.Open(full, Env::OpenMode::kRead);
    if (!file.ok()) return file.status().Wrap(full + ": cannot read");
    while (true) {
      const auto n = (*file)->ReadSome(buffer);
      if (!n.ok()) {
        (void)stream.Finish();
        return n.status().Wrap(full + ": cannot read");
      }
      if (*n == 0) break;
      stream.Append(std::span<const std::byte>(buffer).first(*n));
    }
    const Md5 md5 = stream.Finish();
    const auto info = env.EntryInfoOf(full);
    if (!info.ok()) return info.status().Wrap(full);
    const FileStamp after = StampOf(*info);
    if (after == *stamp) {
      state_->Record(*stamp, hash, md5, now);
      return md5;
    }
    *stamp = after;   // changed since it was listed, or while it was read
  }
  return Status(StatusCode::kUnavailable, full + ": changes while it is read");
}

Result<std::vector<Md5>> Workspace::HashFiles(const std::string& folder, const FileList& files, HashName hash) {
  std::vector<Md5> digests(files.size());
  const std::string full = repository_.Absolute(folder) + "/";
  PANO_RETURN_IF_ERROR(ForEach(files.size(), [&](size_t i) -> Status {
    if (files.entries[i].foreign) return {};
    FileStamp stamp = files.entries[i].stamp;
    if (const auto known = state_->Find(stamp, hash)) {
      digests[i] = *known;
      return {};
    }
    PANO_ASSIGN_OR_RETURN(digests[i], HashFile(StrCat(full, files.path(i)), &stamp, hash));
    return {};
  }));
  return digests;
}

bool Workspace::IsObject(const DataTree& manifest, const ObjectId& id) const {
  if (!id.folder || id.hash != manifest.hash()) return false;
  const auto path = store_->Verified(id);
  if (!path.ok()) return false;
  const auto file = MappedFile::Open(*path);
  if (!file.ok()) return false;
  const std::span<const std::byte> bytes = (*file)->bytes();
  return manifest.HasText({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<Content> Workspace::Look(const std::string& path, HashName hash, const std::optional<ObjectId>& expected) {
  DataEnv& env = repository_.env();
  const std::string full = repository_.Absolute(path);
  Content out;
  out.id.hash = hash;
  auto info = env.LinkInfo(full);
  if (!info.ok()) {
    if (info.status().code() == StatusCode::kNotFound) return out;
    return info.status().Wrap(path);
  }
  if (info->kind == EntryInfo::Kind::kLink) {
    info = env.EntryInfoOf(full);
    if (!info.ok()) return InvalidArgument(StrCat("the link ", path, " leads to nothing"));
    if (!LeadsInside(repository_, path)) {
      return InvalidArgument(StrCat("the link ", path, " leads out of the repository: its target is not followed"));
    }
  }
  out.there = true;
  if (info->kind == EntryInfo::Kind::kFile) {
    FileStamp stamp = StampOf(*info);
    PANO_ASSIGN_OR_RETURN(out.id.md5, HashFile(full, &stamp, hash));
    out.bytes = stamp.bytes;
    out.executable = info->executable();
    return out;
  }
  if (info->kind != EntryInfo::Kind::kFolder) return InvalidArgument(path + ": is neither a file nor a folder");
  out.folder = true;
  PANO_ASSIGN_OR_RETURN(const FileList files, ListFiles(repository_, *ignore_, path, LinkPolicy::kRefuse, threads_));
  PANO_ASSIGN_OR_RETURN(const std::vector<Md5> digests, HashFiles(path, files, hash));
  out.tree = DataTree(hash);
  out.tree.Reserve(files.size(), files.paths.size());
  for (size_t i = 0; i < files.size(); ++i) {
    out.tree.Append(files.path(i), digests[i]);
    out.bytes += files.entries[i].stamp.bytes;
  }
  out.files = files.size();
  out.id = expected && IsObject(out.tree, *expected) ? *expected : out.tree.id();
  return out;
}

namespace {

void Fill(const Content& content, Output* output) {
  output->id = content.id;
  output->bytes = content.bytes;
  output->files = content.folder ? std::optional(content.files) : std::nullopt;
  output->executable = !content.folder && content.executable;
}

Status Missing(const std::string& path) { return NotFound(path + ": there is no such file or folder"); }

}  // namespace

Result<Output> Workspace::Hash(const Output& output) {
  PANO_ASSIGN_OR_RETURN(const Content content, Look(output.path));
  if (!content.there) return Missing(output.path);
  Output out = output;
  Fill(content, &out);
  return out;
}

Result<Md5> Workspace::StoreFile(const std::string& full, const FileStamp& stamp, HashName hash, uint64_t* bytes) {
  *bytes = stamp.bytes;
  if (const auto known = state_->Find(stamp, hash)) {
    if (store_->Verified({*known, false, hash}).ok()) return *known;
  }
  const int64_t now = StateCache::Now();
  PANO_ASSIGN_OR_RETURN(const StoredFile stored, store_->PutFile(full, stamp.bytes, hash));
  *bytes = stored.stamp.bytes;
  if (stored.stamp == stamp) state_->Record(stamp, hash, stored.id.md5, now);
  return stored.id.md5;
}

Result<Output> Workspace::Store(const Output& output, std::string_view part) {
  DataEnv& env = repository_.env();
  const std::string below = part.empty() ? output.path : StrCat(output.path, "/", part);
  const std::string full = repository_.Absolute(below);
  const auto listed = env.LinkInfo(full);
  if (!listed.ok()) return listed.status().code() == StatusCode::kNotFound ? Missing(below) : listed.status().Wrap(below);
  auto info = *listed;
  if (info.kind == EntryInfo::Kind::kLink) {
    const auto target = env.EntryInfoOf(full);
    if (!target.ok()) return InvalidArgument(StrCat("the link ", below, " leads to nothing"));
    if (!LeadsInside(repository_, below)) {
      return InvalidArgument(StrCat("the link ", below, " leads out of the repository: its target is not followed"));
    }
    info = *target;
  }
  if (info.kind == EntryInfo::Kind::kOther) return InvalidArgument(below + ": is neither a file nor a folder");
  PANO_RETURN_IF_ERROR(MakeFolders(env, store_->folder()));
  stored_ = true;
  Output out = output;
  FileList files;
  std::vector<Md5> digests;
  uint64_t bytes = 0;
  if (info.kind == EntryInfo::Kind::kFile) {
    files.paths = part.empty() ? std::string() : std::string(part);
    files.entries.push_back({.offset = 0, .length = static_cast<uint32_t>(files.paths.size()), .executable = info.executable(),
                             .link = listed->kind == EntryInfo::Kind::kLink, .foreign = false, .stamp = StampOf(info)});
    digests.resize(1);
    PANO_ASSIGN_OR_RETURN(digests[0], StoreFile(full, StampOf(info), HashName::kMd5, &bytes));
    if (SharesObjects(store_->options())) {
      FileList one = files;
      one.paths = std::string(BaseName(below));
      one.entries[0].length = static_cast<uint32_t>(one.paths.size());
      const size_t slash = below.rfind('/');
      PANO_RETURN_IF_ERROR(LinkToCache(slash == below.npos ? "" : below.substr(0, slash), one, digests));
    }
    if (part.empty()) {
      out.id = ObjectId{digests[0], false, HashName::kMd5};
      out.bytes = bytes;
      out.files.reset();
      out.executable = info.executable();
      return out;
    }
  } else {
    PANO_ASSIGN_OR_RETURN(files, ListFiles(repository_, *ignore_, below, LinkPolicy::kRefuse, threads_));
    digests.resize(files.size());
    std::atomic<uint64_t> total{0};
    EarlySync early(env, store_->folder(), files.size());
    PANO_RETURN_IF_ERROR(ForEach(files.size(), [&](size_t i) -> Status {
      uint64_t size = 0;
      PANO_ASSIGN_OR_RETURN(digests[i], StoreFile(StrCat(full, "/", files.path(i)), files.entries[i].stamp, HashName::kMd5, &size));
      total += size;
      early.CountFile();
      return {};
    }));
    bytes = total;
    if (SharesObjects(store_->options())) PANO_RETURN_IF_ERROR(LinkToCache(below, files, digests));
  }
  DataTree tree;
  bool only_new = false;   // nothing of the part was there before
  if (part.empty()) {
    tree.Reserve(files.size(), files.paths.size());
    for (size_t i = 0; i < files.size(); ++i) tree.Append(files.path(i), digests[i]);
  } else {
    // What the output says, with the part as it is now.
    if (!output.id || !output.id->folder || output.id->hash != HashName::kMd5) {
      return InvalidArgument(output.path + ": is no folder of DVC 3: add it as a whole");
    }
    PANO_ASSIGN_OR_RETURN(const DataTree old, Tree(*output.id));
    const auto [first, last] = old.Below(part);
    only_new = first == last;
    const bool one_file = info.kind == EntryInfo::Kind::kFile;
    std::vector<std::pair<std::string, Md5>> all;
    for (size_t i = 0; i < old.size(); ++i) {
      if (i < first || i >= last) all.emplace_back(old.path(i), old.md5(i));
    }
    for (size_t i = 0; i < files.size(); ++i) {
      all.emplace_back(one_file ? std::string(part) : StrCat(part, "/", files.path(i)), digests[i]);
    }
    std::sort(all.begin(), all.end());
    for (const auto& [path, md5] : all) tree.Append(path, md5);
  }
  PANO_ASSIGN_OR_RETURN(const ObjectId id, store_->PutBytes(tree.Text(), /*folder=*/true));
  out.id = id;
  if (part.empty()) {
    out.bytes = bytes;
  } else if (only_new && output.bytes.value_or(0) > 0) {
    out.bytes = *output.bytes + bytes;
  } else if (id != *output.id) {
    out.bytes.reset();   // what was replaced is not known by its size: as DVC, none is said
  }
  out.files = tree.size();
  out.executable = false;
  return out;
}

Status Workspace::LinkToCache(const std::string& folder, const FileList& files, const std::vector<Md5>& digests) {
  const std::string full = repository_.Absolute(folder) + "/";
  DataEnv& env = repository_.env();
  const auto& types = store_->options().link_types;
  const bool symbolic = std::find(types.begin(), types.end(), LinkType::kSymbolicLink) != types.end();
  return ForEach(files.size(), [&](size_t i) -> Status {
    const std::string path = StrCat(full, files.path(i));
    const ObjectId id{digests[i], false, HashName::kMd5};
    const auto info = env.LinkInfo(path);
    if (!info.ok()) return info.status().Wrap(path);
    if (info->kind == EntryInfo::Kind::kLink) {
      if (symbolic || !env.ReadLink(path).ok()) return {};
    } else {
      if (StampOf(*info) != files.entries[i].stamp) {
        return Status(StatusCode::kUnavailable, path + ": changed while it was added; add it again");
      }
      const auto object = env.EntryInfoOf(store_->Path(id));
      if (object.ok() && object->inode == info->inode && object->device == info->device) return {};   // linked already
    }
    return store_->PlaceAt(id, path, files.entries[i].executable);
  });
}

Status Workspace::Flush() {
  if (!stored_) return {};
  PANO_RETURN_IF_ERROR(repository_.env().SyncFileSystem(store_->folder()).Wrap(store_->folder() + ": cannot sync"));
  stored_ = false;
  return {};
}

Result<DataTree> Workspace::Tree(const ObjectId& id) const {
  PANO_ASSIGN_OR_RETURN(const std::string text, store_->Read(id, DataTree::kBytesMax));
  auto tree = DataTree::Parse(text, id.hash);
  if (!tree.ok()) return tree.status().Wrap(StrCat("the manifest ", id.ToString()));
  return tree;
}

Result<bool> Workspace::Unchanged(const Output& output) {
  if (!output.id) return false;
  PANO_ASSIGN_OR_RETURN(const Content content, Look(output.path, output.id->hash, output.id));
  return content.there && content.id == *output.id;
}

}  // namespace pano::data
