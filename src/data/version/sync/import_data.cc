#include "data/version/sync/import_data.h"

#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/curl/url.h"
#include "base/digest/digest.h"
#include "base/digest/file_digest.h"
#include "base/path_exists.h"
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
  static Result<std::unique_ptr<Clone>> Of(const std::string& from, Workspace& workspace) {
    const Repository& ours = workspace.repository();
    auto clone = std::unique_ptr<Clone>(new Clone(ours.env()));
    if (IsDirectory(from)) {
      clone->folder_ = from;
      return clone;
    }
    clone->folder_ = clone->own_ = workspace.store().WorkspaceTemporary();
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
                        Clone::Of(options.from, workspace));
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
  PANO_RETURN_IF_ERROR(workspace.Flush());
  json::Value repo, dep;
  repo.Set("url", options.from);
  if (!options.revision.empty()) repo.Set("rev", options.revision);
  repo.Set("rev_lock", rev_lock);
  dep.Set("path", options.path);
  dep.Set("repo", std::move(repo));
  PANO_RETURN_IF_ERROR(WriteDvcFile(workspace, output, std::move(dep)));
  return output;
}

namespace {

bool IsHttp(std::string_view from) { return from.starts_with("http://") || from.starts_with("https://"); }

// A file that is gone with this, unless it has been given a name. Confined to one thread.
class Arrival {
 public:
  Arrival(std::string path, DataEnv& env) : path_(std::move(path)), env_(env) {}
  ~Arrival() {
    file_.reset();
    if (!path_.empty()) (void)env_.Remove(path_);
  }
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  Status Restart() {
    file_.reset();
    PANO_ASSIGN_OR_RETURN(file_, env_.Open(path_, Env::OpenMode::kWrite));
    return {};
  }
  Status Append(std::span<const std::byte> bytes) { return file_->WriteAll(bytes); }
  Status MoveTo(const std::string& target) {
    PANO_RETURN_IF_ERROR(file_->Close());
    PANO_RETURN_IF_ERROR(env_.Rename(path_, target));
    path_ = target;   // until Keep, in case the rest fails
    return {};
  }
  void Keep() { path_.clear(); }

 private:
  std::string path_;
  DataEnv& env_;
  std::unique_ptr<File> file_;
};

// `checksum` is what the server names the version by, as DVC reads it; "" where it does not.
Status ReceiveOverHttp(const ImportOptions& options, Arrival& arrival, std::string* checksum) {
  remote::HttpOptions http;
  http.redirects_max = 10;
  remote::HttpClient client(std::move(http));
  return remote::Download(
      client, 0,
      [&](uint64_t offset, std::span<const std::byte> bytes) -> Status {
        if (offset == 0) PANO_RETURN_IF_ERROR(arrival.Restart());
        return arrival.Append(bytes);
      },
      [&](const std::vector<std::pair<std::string, std::string>>& headers) {
        remote::HttpRequest request;
        request.url = options.from;
        request.headers = headers;
        return request;
      },
      [&](const remote::HttpAnswer& answer) {
        return remote::StatusOfAnswer(answer, ShownUrl(options.from), "");
      },
      options.retry, Clock::Real(), options.sync.stop, [&](const remote::HttpAnswer& head) {
        *checksum = head.Header("etag");
        if (checksum->empty()) *checksum = head.Header("content-md5");
      });
}

Status CopyFrom(const std::string& path, Arrival& arrival, DataEnv& env, const std::stop_token& stop) {
  const auto in = env.Open(path, Env::OpenMode::kRead);
  if (!in.ok()) return in.error();
  std::vector<std::byte> buffer(1u << 20);
  while (true) {
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    PANO_ASSIGN_OR_RETURN(const size_t count, (*in)->ReadSome(buffer));
    if (count == 0) return {};
    PANO_RETURN_IF_ERROR(arrival.Append(std::span(buffer).first(count)));
  }
}

}  // namespace

std::string NameOfSource(std::string_view from) {
  if (const size_t scheme = from.find("://"); scheme != std::string_view::npos) {
    from = from.substr(0, from.find_first_of("?#"));
    const size_t path = from.find('/', scheme + 3);
    from = path == std::string_view::npos ? "" : from.substr(path);
  }
  while (from.ends_with('/')) from.remove_suffix(1);
  return std::string(BaseName(from));
}

Result<Output> ImportUrl(Workspace& workspace, const ImportOptions& options) {
  PANO_RETURN_IF_ERROR(CheckFree(workspace, options.out));
  DataEnv& env = workspace.repository().env();
  const std::string target = workspace.repository().Absolute(options.out);
  const std::string shown = ShownUrl(options.from);
  std::string checksum;
  Arrival arrival(workspace.store().WorkspaceTemporary(), env);
  PANO_RETURN_IF_ERROR(arrival.Restart().Wrap("cannot write a file below .dvc/tmp"));
  if (IsHttp(options.from)) {
    PANO_RETURN_IF_ERROR(ReceiveOverHttp(options, arrival, &checksum).Wrap("cannot import"));
  } else if (options.from.find("://") != std::string::npos) {
    return InvalidArgument(StrCat(shown, ": what is imported is a path, an http: or https: URL, or a repository and a path in it"));
  } else {
    PANO_RETURN_IF_ERROR(CopyFrom(options.from, arrival, env, options.sync.stop)
                             .Wrap(StrCat("cannot import ", Printable(options.from, 300))));
  }
  PANO_RETURN_IF_ERROR(arrival.MoveTo(target).Wrap(StrCat(Printable(options.out, 300), ": cannot write")));
  Output output;
  output.path = options.out;
  output.source = options.out + ".dvc";
  PANO_ASSIGN_OR_RETURN(output, workspace.Store(output));
  PANO_RETURN_IF_ERROR(workspace.Flush());
  json::Value dep;
  if (IsHttp(options.from)) {
    if (!checksum.empty()) dep.Set("checksum", checksum);
  } else {
    dep.Set("md5", output.id->ToString());
  }
  dep.Set("size", *output.bytes);
  dep.Set("hash", "md5");
  dep.Set("path", options.from);
  PANO_RETURN_IF_ERROR(WriteDvcFile(workspace, output, std::move(dep)));
  arrival.Keep();
  return output;
}

}  // namespace pano::data
