#include "model/train/run/record/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/digest/file_digest.h"
#include "base/strings.h"
#include "model/train/run/checkpoint/folder_writer.h"

namespace pano::train {
namespace {

constexpr char kRecordName[] = "run.json";
constexpr char kRecipeName[] = "recipe.yaml";
constexpr char kCheckpoints[] = "checkpoints";
constexpr const char* kResults[] = {"model", "adapter", "tokenizer.json"};

json::Value Dump(const RunRecord& record) {
  json::Array files;
  for (const DataFile& file : record.data) {
    json::Object entry{{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}};
    if (file.version) entry.emplace_back("version", data::ToJson(*file.version));
    files.push_back(std::move(entry));
  }
  json::Value out;
  out.Set("seed", record.seed);
  out.Set("recipe_sha256", HexDigest(Digest::kSha256, record.recipe));
  out.Set("data_version", DataVersion(record.data));
  out.Set("data", std::move(files));
  out.Set("version", record.version);
  out.Set("commit", record.commit);
  out.Set("started", record.started);
  out.Set("members", record.members);
  return out;
}

Status MakeFolders(Env& env, const std::string& path) {
  const Status made = env.MakeFolder(path);
  if (made.code() == StatusCode::kNotFound) {
    const std::string above(FolderName(path));
    if (above == path) return made.Wrap(path);
    PANO_RETURN_IF_ERROR(MakeFolders(env, above));
    return env.MakeFolder(path).Wrap(path);
  }
  if (made.ok() || made.code() == StatusCode::kAlreadyExists) return {};
  return made.Wrap(path);
}

// The line, from 1, where two texts part.
size_t FirstOtherLine(std::string_view a, std::string_view b) {
  const std::vector<std::string_view> left = Split(a, '\n'), right = Split(b, '\n');
  size_t line = 0;
  while (line < left.size() && line < right.size() && left[line] == right[line]) ++line;
  return line + 1;
}

// Whether there is a checkpoint to go on from, whole or not.
bool HasCheckpoints(Env& env, const std::string& folder) {
  const Result<std::vector<std::string>> names = env.List(JoinPath(folder, kCheckpoints));
  return names.ok() && std::ranges::any_of(*names, [](const std::string& name) {
           return StepOfFolderName(name) >= 0;
         });
}

Status HoldsARun(const std::string& folder, std::string_view what) {
  return InvalidArgument(StrCat(folder, ": holds a run already (", what,
                                "); --resume goes on with it, another --out begins anew"))
      .WithField("out");
}

// What a run that goes on must have in common with what it began as.
Status CompareData(const std::string& path, const json::Value& began, const RunRecord& now) {
  const json::Value* version = began.Find("data_version");
  if (version && version->is_string() && version->as_string() == DataVersion(now.data)) return {};
  const json::Value* files = began.Find("data");
  std::string which = "other files";
  if (files && files->is_array()) {
    for (size_t i = 0; i < files->as_array().size() && i < now.data.size(); ++i) {
      const json::Value* sha256 = files->as_array()[i].Find("sha256");
      if (sha256 && sha256->is_string() && sha256->as_string() == now.data[i].sha256) continue;
      which = StrCat(now.data[i].path, " is another file than then (SHA-256)");
      break;
    }
  }
  return InvalidArgument(StrCat(path, ": this run began with other data: ", which,
                                "; a run goes on with the bytes it began with, another --out "
                                "begins anew"))
      .WithField("data.train");
}

}  // namespace

Result<DataFile> DescribeDataFile(Env& env, const std::string& path) {
  DataFile file;
  file.path = path;
  PANO_ASSIGN_OR_RETURN(FileDigest digest, DigestOfFile(env, path, Digest::kSha256).Wrap(path));
  file.sha256 = std::move(digest.hex);
  file.bytes = digest.bytes;
  return file;
}

std::string DataVersion(const std::vector<DataFile>& files) {
  Digest digest(Digest::kSha256);
  for (const DataFile& file : files) digest.Update(file.sha256);
  return digest.Hex();
}

// An flock of OUT/.lock, which ends with the process however that ends. Nothing where the Env is not
// the machine's. Thread-compatible.
class RunFolder::Lock {
 public:
  static Result<std::shared_ptr<Lock>> Take(Env& env, const std::string& folder) {
    auto lock = std::make_shared<Lock>();
    if (&env != &Env::Real()) return lock;
    const std::string path = JoinPath(folder, ".lock");
    lock->fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock->fd_ < 0) return lock;  // a file system without: better no lock than no run
    if (::flock(lock->fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      return Status(StatusCode::kUnavailable,
                    StrCat(folder, ": another process trains into this folder"));
    }
    return lock;
  }
  Lock() = default;
  ~Lock() {
    if (fd_ >= 0) ::close(fd_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_ = -1;
};

Status RunFolder::CompareWithBegin(Env& env, const RunFolder& folder, const RunRecord& record,
                                   std::vector<std::string>* notes) {
  Result<std::string> began = ReadFile(folder.File(kRecordName), 64 << 20, env);
  if (!began.ok() && began.error().code() == StatusCode::kNotFound) return {};
  if (!began.ok()) return began.error().Wrap(folder.File(kRecordName));
  Result<json::Value> parsed = json::Parse(*began);
  if (!parsed.ok()) return parsed.error().Wrap(folder.File(kRecordName));
  PANO_RETURN_IF_ERROR(CompareData(folder.path(), *parsed, record));
  Result<std::string> recipe = ReadFile(folder.File(kRecipeName), 16 << 20, env);
  if (recipe.ok() && *recipe != record.recipe && notes) {
    notes->push_back(StrCat("the recipe is not the one that this run began with: ",
                            folder.File(kRecipeName), " differs from line ",
                            FirstOtherLine(*recipe, record.recipe), " on"));
  }
  return {};
}

Result<RunFolder> RunFolder::Open(Env& env, std::string path, const RunRecord& record, bool resume,
                                  std::vector<std::string>* notes) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  PANO_RETURN_IF_ERROR(MakeFolders(env, path));
  PANO_ASSIGN_OR_RETURN(const FileInfo info, env.Stat(path).Wrap(path));
  if (info.kind != FileInfo::Kind::kFolder) return InvalidArgument(StrCat(path, ": is no folder"));
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<Lock> lock, Lock::Take(env, path));
  RunFolder folder(path, std::move(lock));
  const bool begun = HasCheckpoints(env, path);
  if (!resume && begun) return HoldsARun(path, kCheckpoints);
  for (const char* result : kResults) {
    if (!resume && env.Stat(folder.File(result)).ok()) return HoldsARun(path, result);
  }
  if (begun) PANO_RETURN_IF_ERROR(CompareWithBegin(env, folder, record, notes));
  PANO_RETURN_IF_ERROR(WriteFile(folder.File(kRecipeName), record.recipe, env));
  PANO_RETURN_IF_ERROR(WriteFile(folder.File(kRecordName),
                                 json::Dump(Dump(record), {.indent = 1}) + "\n", env));
  return folder;
}

}  // namespace pano::train
