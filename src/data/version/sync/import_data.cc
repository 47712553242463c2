#include "data/version/sync/import_data.h"

#include <memory>
#include <utility>

#include "base/digest/digest.h"
#include "base/digest/file_digest.h"
#include "base/path_exists.h"
#include "base/random.h"
#include "base/strings.h"
#include "data/version/git.h"
#include "data/version/index.h"
#include "data/version/pipeline/pipelines.h"
#include "data/version/pipeline/run_cache.h"
#include "data/version/pipeline/yaml_dump.h"
#include "data/version/remote/directory_remote.h"
#include "data/version/remote/http/http_client.h"
#include "data/version/remote/http/http_download.h"

namespace pano::data {
namespace {

json::Value Without(const json::Value& list, std::initializer_list<std::string_view> names) {
  json::Array out;
  for (const json::Value& entry : list.as_array()) {
    json::Value kept{json::Object()};
    for (const auto& [key, value] : entry.as_object()) {
      bool drop = false;
      for (const std::string_view name : names) drop = drop || key == name;
      if (!drop) kept.Set(key, value);
    }
    out.push_back(std::move(kept));
  }
  return out;
}

json::Value OutEntry(const Output& output) {
  json::Value entry;
  entry.Set("md5", output.id->ToString());
  if (output.bytes) entry.Set("size", *output.bytes);
  if (output.id->folder && output.files) entry.Set("nfiles", *output.files);
  if (output.executable) entry.Set("isexec", true);
  entry.Set("hash", "md5");
  entry.Set("path", std::string(BaseName(output.path)));
  return entry;
}

// "<out>.dvc" of something that came from elsewhere.
Status WriteDvcFile(Workspace& workspace, const Output& output, json::Value dep) {
  const json::Value deps(json::Array{std::move(dep)}), outs(json::Array{OutEntry(output)});
  json::Value root;
  root.Set("md5", ImportDigest(deps, outs));
  root.Set("frozen", true);
  root.Set("deps", deps);
  root.Set("outs", outs);
  return WriteFile(workspace.repository().Absolute(output.source), pipeline::DumpYaml(root),
                   workspace.repository().env());
}

Status CheckFree(const Workspace& workspace, const std::string& out) {
  for (const std::string& path : {out, out + ".dvc"}) {
    PANO_ASSIGN_OR_RETURN(const bool there, Exists(workspace.repository().Absolute(path),
                                                   workspace.repository().env()));
    if (there)
      return Status(StatusCode::kAlreadyExists,
                    StrCat("'", Printable(path, 200), "' is there already"));
  }
  return {};
}

// A clone that is gone with this. Confined to one thread.
class Clone {
 public:
  static Result<std::unique_ptr<Clone>> Of(const std::string& from, const Repository& ours) {
    auto clone = std::unique_ptr<Clone>(new Clone(ours.env()));
    if (IsDirectory(from)) {
      clone->folder_ = from;
      return clone;
    }
    clone->folder_ = clone->own_ = StrCat(ours.own_folder(), "/clone-", RandomHex(8));
    PANO_RETURN_IF_ERROR(MakeFolders(ours.env(), ours.own_folder()));
    // A URL that begins with '-' is none.
    PANO_RETURN_IF_ERROR(RunGit(ours.root(), {"clone", "--quiet", "--", from, clone->own_})
                             .status()
                             .Wrap("cannot clone the repository"));
    return clone;
  }
  ~Clone() {
    if (!own_.empty()) (void)env_.RemoveTree(own_);
  }
  Clone(const Clone&) = delete;
  Clone& operator=(const Clone&) = delete;
  const std::string& folder() const { return folder_; }

 private:
  explicit Clone(DataEnv& env) : env_(env) {}
  DataEnv& env_;
  std::string folder_, own_;
};

// What the other repository has at `path`, as if it were an output of its own: its id, whose object
// is in our cache.
Result<ObjectId> Bring(Workspace& workspace, const Repository& theirs, const Output& output,
                       const std::string& part, const SyncOptions& sync) {
  if (!output.id)
    return NotFound(StrCat("'", Printable(output.path, 200), "' was never committed there"));
  const std::vector<Target> targets = {{&output, part}};
  SyncReport report;
  const auto cache = [&theirs]() -> Result<std::shared_ptr<remote::Remote>> {
    return std::shared_ptr<remote::Remote>(
        std::make_shared<remote::DirectoryRemote>(theirs.cache_folder(), theirs.env()));
  };
  PANO_RETURN_IF_ERROR(FetchFrom(workspace, targets, cache, sync, &report));
  if (!report.missing.empty()) {
    report.missing.clear();
    const auto remote = [&theirs, &output]() -> Result<std::shared_ptr<remote::Remote>> {
      PANO_ASSIGN_OR_RETURN(std::unique_ptr<remote::Remote> opened,
                            OpenRemote(theirs, output.remote));
      return std::shared_ptr<remote::Remote>(std::move(opened));
    };
    PANO_RETURN_IF_ERROR(FetchFrom(workspace, targets, remote, sync, &report));
  }
  if (!report.missing.empty())
    return NotFound(StrCat("neither the cache nor the remote of the other repository has ",
                           report.missing.front()));
  if (part.empty()) return *output.id;
  PANO_ASSIGN_OR_RETURN(const DataTree tree, workspace.Tree(*output.id));
  if (const std::optional<size_t> file = tree.Find(part)) return tree.object(*file);
  const auto [first, last] = tree.Below(part);
  if (first == last)
    return NotFound(
        StrCat("'", Printable(output.path, 200), "' has no '", Printable(part, 200), "'"));
  DataTree below(tree.hash());
  for (size_t i = first; i < last; ++i)
    below.Append(tree.path(i).substr(part.size() + 1), tree.md5(i));
  return workspace.store().PutBytes(below.Text(), /*folder=*/true, tree.hash());
}

}  // namespace

std::string ImportDigest(const json::Value& deps, const json::Value& outs) {
  json::Value root;
  root.Set("deps", Without(deps, {"size", "nfiles", "isexec"}));
  root.Set("outs", Without(outs, {"size", "nfiles", "isexec"}));
  return HexDigest(Digest::kMd5, pipeline::SortedJson(root));
}

Result<Output> ImportFromRepository(Workspace& workspace, const ImportOptions& options) {
  PANO_RETURN_IF_ERROR(CheckFree(workspace, options.out));
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<Clone> clone,
                        Clone::Of(options.from, workspace.repository()));
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<const Repository> theirs,
                        Repository::Find(clone->folder()));
  if (theirs->git_root().empty())
    return InvalidArgument(StrCat("'", Printable(options.from, 200),
                                  "' has no git: there is no revision to import from"));
  const std::string wanted = options.revision.empty() ? "HEAD" : options.revision;
  PANO_ASSIGN_OR_RETURN(
      const std::string commit,
      RunGit(theirs->root(), {"rev-parse", "--verify", "--end-of-options", wanted + "^{commit}"}));
  const std::string rev_lock(Trim(commit));
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> files,
                        FileSource::OfRevision(*theirs, rev_lock));
  PANO_ASSIGN_OR_RETURN(const Index index,
                        Index::Collect(*theirs, *files, pipeline::StageOutputsOf));
  const Output* source = index.At(options.path);
  if (source == nullptr) source = index.Holding(options.path);
  if (source == nullptr)
    return NotFound(StrCat("'", Printable(options.path, 200), "' is no data of that repository at ",
                           rev_lock.substr(0, 12)));
  const std::string part =
      options.path.size() > source->path.size() ? options.path.substr(source->path.size() + 1) : "";
  PANO_ASSIGN_OR_RETURN(const ObjectId id, Bring(workspace, *theirs, *source, part, options.sync));
  Output output;
  output.path = options.out;
  output.source = options.out + ".dvc";
  output.id = id;
  PANO_RETURN_IF_ERROR(
      workspace.Checkout(output, {.force = false, .relink = false, .part = ""}).status());
  PANO_ASSIGN_OR_RETURN(output,
                        workspace.Store(output));  // sizes, and what was of DVC 2 becomes of today
  json::Value repo, dep;
  repo.Set("url", options.from);
  if (!options.revision.empty()) repo.Set("rev", options.revision);
  repo.Set("rev_lock", rev_lock);
  dep.Set("path", options.path);
  dep.Set("repo", std::move(repo));
  PANO_RETURN_IF_ERROR(WriteDvcFile(workspace, output, std::move(dep)));
  return output;
}

Result<Output> ImportUrl(Workspace& workspace, const ImportOptions& options) {
  PANO_RETURN_IF_ERROR(CheckFree(workspace, options.out));
  DataEnv& env = workspace.repository().env();
  const std::string target = workspace.repository().Absolute(options.out);
  const std::string temporary =
      StrCat(workspace.repository().own_folder(), "/import-", RandomHex(8));
  PANO_RETURN_IF_ERROR(MakeFolders(env, workspace.repository().own_folder()));
  json::Value dep;
  Status status;
  {
    PANO_ASSIGN_OR_RETURN(std::unique_ptr<File> file, env.Open(temporary, Env::OpenMode::kWrite));
    if (options.from.starts_with("http://") || options.from.starts_with("https://")) {
      remote::HttpClient client{remote::HttpOptions()};
      status = remote::Download(
          client, 0,
          [&](uint64_t offset, std::span<const std::byte> bytes) -> Status {
            if (offset == 0) {
              PANO_ASSIGN_OR_RETURN(file, env.Open(temporary, Env::OpenMode::kWrite));
            }
            return file->WriteAll(bytes);
          },
          [&](const std::vector<std::pair<std::string, std::string>>& headers) {
            remote::HttpRequest request;
            request.url = options.from;
            request.headers = headers;
            return request;
          },
          [&](const remote::HttpAnswer& answer) {
            return remote::StatusOfAnswer(answer, remote::ShownUrl(options.from), "");
          },
          remote::RetryOptions(), Clock::Real(), options.sync.stop);
    } else {
      const auto in = env.Open(options.from, Env::OpenMode::kRead);
      status = in.ok() ? OkStatus()
                       : in.error().Wrap(StrCat("cannot read ", Printable(options.from, 300)));
      std::vector<std::byte> buffer(1u << 20);
      while (status.ok()) {
        const Result<size_t> count = (*in)->ReadSome(buffer);
        if (!count.ok()) status = count.error().Wrap(Printable(options.from, 300));
        if (!count.ok() || *count == 0) break;
        status = file->WriteAll(std::span(buffer).first(*count));
      }
    }
    if (status.ok()) status = file->Close();
  }
  if (status.ok()) status = env.Rename(temporary, target).Wrap(target);
  if (!status.ok()) {
    (void)env.Remove(temporary);
    return status;
  }
  Output output;
  output.path = options.out;
  output.source = options.out + ".dvc";
  PANO_ASSIGN_OR_RETURN(output, workspace.Store(output));
  if (options.from.find("://") == std::string::npos) {
    dep.Set("md5", output.id->ToString());
    dep.Set("size", *output.bytes);
    dep.Set("hash", "md5");
  } else {
    dep.Set("size", *output.bytes);
  }
  dep.Set("path", options.from);
  PANO_RETURN_IF_ERROR(WriteDvcFile(workspace, output, std::move(dep)));
  return output;
}

}  // namespace pano::data
