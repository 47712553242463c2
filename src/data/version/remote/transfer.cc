#include "data/version/remote/transfer.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <utility>

#include "base/strings.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/object_key.h"
#include "data/version/remote/parallel.h"
#include "data/version/remote/read_pieces.h"

namespace pano::remote {
namespace {

constexpr int kFailuresMax = 100;  // then no further object is tried

std::string Shown(const Object& object) {
  return object.name.empty() ? object.oid
                             : StrCat(object.oid, " (", Printable(object.name, 200), ")");
}

std::string KeyOf(const Object& object) { return ObjectKey(object.oid, object.legacy); }

int JobsOf(const TransferOptions& options, const Remote& remote) {
  return std::clamp(options.jobs > 0 ? options.jobs : remote.jobs_hint(), 1, 256);
}

// Each key once; InvalidArgument for a name that is no object's.
Result<std::vector<Object>> Distinct(const std::vector<Object>& objects) {
  std::set<std::string> seen;
  std::vector<Object> distinct;
  for (const Object& object : objects) {
    if (!IsObjectId(object.oid)) {
      return InvalidArgument(StrCat("'", Printable(object.oid), "' is no hash of an object"));
    }
    if (seen.insert(KeyOf(object)).second) distinct.push_back(object);
  }
  return distinct;
}

// One object on its way into the cache. Confined to one thread.
class Download {
 public:
  Download(Remote& remote, const Object& object, const FetchTarget& target,
           const TransferOptions& options, Env& env)
      : remote_(remote),
        object_(object),
        target_(target),
        options_(options),
        env_(env),
        path_(JoinPath(target.partial_folder, object.legacy ? object.oid + "-2x" : object.oid)) {}

  // Ok with the object in the cache. NotFound with the reason "object_missing" when the remote
  // lacks it.
  Status Run(uint64_t* bytes) {
    PANO_RETURN_IF_ERROR(Resume());
    const bool resumed = at_ > 0;
    Status status = Receive(bytes);
    if (!status.ok()) return status;
    bool anew = resumed;
    while (true) {
      PANO_ASSIGN_OR_RETURN(const bool right, HasRightContent());
      if (right) break;
      if (!anew) {
        (void)env_.Remove(path_);
        return Corruption(StrCat(remote_.Name(), " answers for ", Shown(object_),
                                 " with a content of the hash ", got_, ": it is refused"));
      }
      anew = false;  // the part from before was wrong, or the object changed between: once more, as
                     // a whole
      PANO_RETURN_IF_ERROR(Restart());
      PANO_RETURN_IF_ERROR(Receive(bytes));
    }
    return target_.adopt(object_, path_)
        .Wrap(StrCat("cannot take ", Shown(object_), " into the cache"));
  }

 private:
  // Hashes what an earlier run left.
  Status Resume() {
    const Result<FileInfo> info = env_.Stat(path_);
    if (!info.ok() || info->kind != FileInfo::Kind::kFile) return {};
    const Status read =
        ReadPieces(path_, env_, options_.stop, [&](std::span<const std::byte> piece) {
          digest_.Update(piece);
          at_ += piece.size();
          return OkStatus();
        });
    if (read.ok() || read.code() == StatusCode::kCancelled) return read;
    return Restart();
  }

  Status Restart() {
    file_.reset();
    at_ = 0;
    digest_ = Digest(Digest::Kind::kMd5);
    const Status removed = env_.Remove(path_);
    return removed.code() == StatusCode::kNotFound ? OkStatus() : removed;
  }

  Status Receive(uint64_t* bytes) {
    Status status = remote_.Get(
        KeyOf(object_), at_,
        [&](uint64_t offset, std::span<const std::byte> piece) -> Status {
          if (offset == 0 && at_ > 0) PANO_RETURN_IF_ERROR(Restart().Wrap(path_));
          if (offset != at_)
            return Internal(StrCat("a piece at ", offset, " where ", at_, " bytes are there"));
          PANO_RETURN_IF_ERROR(Open());
          PANO_RETURN_IF_ERROR(file_->WriteAll(piece).Wrap(StrCat("cannot write ", path_)));
          digest_.Update(piece);
          at_ += piece.size();
          *bytes += piece.size();
          if (options_.on_bytes) options_.on_bytes(piece.size());
          return {};
        },
        options_.stop);
    if (status.code() == StatusCode::kNotFound) {
      (void)Restart();
      return std::move(status).WithReason("object_missing");
    }
    PANO_RETURN_IF_ERROR(status);
    PANO_RETURN_IF_ERROR(Open());  // of an empty object too
    PANO_RETURN_IF_ERROR(file_->Close().Wrap(StrCat("cannot write ", path_)));
    file_.reset();
    return {};
  }

  Status Open() {
    if (file_) return {};
    auto file = env_.Open(path_, at_ == 0 ? Env::OpenMode::kWrite : Env::OpenMode::kAppend);
    if (!file.ok()) return file.error().Wrap(StrCat("cannot write ", path_));
    file_ = *std::move(file);
    return {};
  }

  Result<bool> HasRightContent() {
    got_ = digest_.Hex();
    digest_ = Digest(Digest::Kind::kMd5);
    if (object_.legacy && target_.check_content) return target_.check_content(object_, path_);
    return got_ == HashOf(object_.oid);
  }

  Remote& remote_;
  const Object& object_;
  const FetchTarget& target_;
  const TransferOptions& options_;
  Env& env_;
  const std::string path_;
  std::unique_ptr<File> file_;
  Digest digest_{Digest::Kind::kMd5};
  uint64_t at_ = 0;  // bytes of the object that the file has
  std::string got_;
};

Status MakeFolders(const std::string& folder, Env& env) {
  Status made = env.MakeFolder(folder);
  if (made.code() == StatusCode::kNotFound && FolderName(folder) != folder) {
    PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(folder)), env));
    made = env.MakeFolder(folder);
  }
  if (made.code() == StatusCode::kAlreadyExists) return {};
  return made.Wrap(StrCat("cannot make the folder ", folder));
}

Status PutAll(Remote& remote, const std::vector<Object>& objects,
              const std::function<Result<std::string>(const Object&)>& path_of,
              const TransferOptions& options, Env& env, TransferReport* report) {
  std::atomic<uint64_t> moved{0}, bytes{0};
  const Status status = ForEachInParallel(
      objects.size(), JobsOf(options, remote), kFailuresMax, options.stop, [&](size_t i) -> Status {
        const Object& object = objects[i];
        PANO_ASSIGN_OR_RETURN(const std::string path, path_of(object));
        const Result<FileInfo> info = env.Stat(path);
        if (!info.ok())
          return info.error().Wrap(StrCat("cannot read ", Shown(object), " in the cache"));
        PutSource source;
        source.path = path;
        source.bytes = info->bytes;
        if (!object.legacy) source.md5 = HashOf(object.oid);
        PANO_RETURN_IF_ERROR(remote.Put(KeyOf(object), source, options.stop));
        ++moved;
        bytes += info->bytes;
        if (options.on_bytes) options.on_bytes(info->bytes);
        return {};
      });
  report->moved += moved;
  report->bytes += bytes;
  return status;
}

}  // namespace

Result<std::vector<Object>> Missing(Remote& remote, const std::vector<Object>& objects,
                                    const std::stop_token& stop) {
  PANO_ASSIGN_OR_RETURN(std::vector<Object> distinct, Distinct(objects));
  std::vector<std::string> keys;
  keys.reserve(distinct.size());
  for (const Object& object : distinct) keys.push_back(KeyOf(object));
  PANO_ASSIGN_OR_RETURN(const std::vector<bool> there, remote.Exists(keys, stop));
  std::vector<Object> missing;
  for (size_t i = 0; i < distinct.size(); ++i) {
    if (!there[i]) missing.push_back(std::move(distinct[i]));
  }
  return missing;
}

Result<TransferReport> Push(Remote& remote, const std::vector<Object>& objects,
                            const std::function<Result<std::string>(const Object&)>& path_of,
                            const TransferOptions& options, Env& env) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Object> distinct, Distinct(objects));
  PANO_ASSIGN_OR_RETURN(std::vector<Object> missing, Missing(remote, distinct, options.stop));
  TransferReport report;
  report.present = distinct.size() - missing.size();
  const auto manifests =
      std::stable_partition(missing.begin(), missing.end(),
                            [](const Object& object) { return !IsManifestId(object.oid); });
  const std::vector<Object> folders(std::make_move_iterator(manifests),
                                    std::make_move_iterator(missing.end()));
  missing.erase(manifests, missing.end());
  PANO_RETURN_IF_ERROR(PutAll(remote, missing, path_of, options, env, &report));
  PANO_RETURN_IF_ERROR(PutAll(remote, folders, path_of, options, env, &report));
  return report;
}

Result<TransferReport> Fetch(Remote& remote, const std::vector<Object>& objects,
                             const FetchTarget& target, const TransferOptions& options, Env& env) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Object> distinct, Distinct(objects));
  PANO_RETURN_IF_ERROR(MakeFolders(target.partial_folder, env));
  TransferReport report;
  std::vector<char> missing(distinct.size());
  std::atomic<uint64_t> moved{0}, bytes{0};
  const Status status = ForEachInParallel(
      distinct.size(), JobsOf(options, remote), kFailuresMax, options.stop,
      [&](size_t i) -> Status {
        uint64_t received = 0;
        Download download(remote, distinct[i], target, options, env);
        Status done = download.Run(&received);
        bytes += received;
        if (done.code() == StatusCode::kNotFound && done.reason() == "object_missing") {
          missing[i] = 1;
          return {};
        }
        if (done.ok()) ++moved;
        return done.Wrap(StrCat("cannot fetch ", Shown(distinct[i])));
      });
  PANO_RETURN_IF_ERROR(status);
  report.moved = moved;
  report.bytes = bytes;
  for (size_t i = 0; i < distinct.size(); ++i) {
    if (missing[i] != 0) report.missing.push_back(distinct[i].oid);
  }
  return report;
}

}  // namespace pano::remote
