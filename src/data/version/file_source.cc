#include "data/version/file_source.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"
#include "data/version/git.h"
#include "data/version/ignore.h"
#include "data/version/yaml_text.h"

namespace pano::data {
namespace {

constexpr size_t kFilesMax = 1 << 20;

bool IsListed(std::string_view path) {
  const std::string_view name = BaseName(path);
  return (name.ends_with(".dvc") && name != ".dvc") || name == "dvc.yaml" || name == "dvc.lock";
}

class WorkspaceFiles final : public FileSource {
 public:
  explicit WorkspaceFiles(const Repository& repository) : repository_(repository), ignore_(repository.root(), repository.env()) {}

  Result<std::vector<std::string>> List() override {
    std::vector<std::string> paths;
    PANO_RETURN_IF_ERROR(ListFolder("", &paths));
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  Result<std::string> Read(const std::string& path) override {
    if (const auto it = read_.find(path); it != read_.end()) return it->second;
    return ReadFile(repository_.Absolute(path), kBytesMax, repository_.env());
  }

 private:
  Status ListFolder(const std::string& folder, std::vector<std::string>* paths) {
    DataEnv& env = repository_.env();
    auto found = env.ListKinds(repository_.Absolute(folder));
    if (!found.ok()) {
      // A folder that nobody may read holds nothing for us.
      const bool skip = found.status().code() == StatusCode::kPermissionDenied || found.status().code() == StatusCode::kNotFound;
      return skip ? OkStatus() : found.status().Wrap(folder);
    }
    PANO_ASSIGN_OR_RETURN(const Ignore::Scope scope, ignore_.ScopeOf(folder));
    std::vector<std::string> folders;
    std::vector<std::string> data;   // what .dvc files here say is theirs: it is not looked into
    for (const auto& [name, kind] : *found) {
      const bool is_folder = kind == EntryInfo::Kind::kFolder;
      if ((!is_folder && !IsListed(name)) || !Utf8Valid(name) || scope.LeavesOut(name, is_folder)) continue;
      if (is_folder) {
        folders.push_back(name);
        continue;
      }
      const std::string path = folder.empty() ? name : StrCat(folder, "/", name);
      const auto target = env.EntryInfoOf(repository_.Absolute(path));
      if (!target.ok() || target->kind != EntryInfo::Kind::kFile) continue;
      if (paths->size() == kFilesMax) return InvalidArgument(StrCat("there are more than ", kFilesMax, " files of data versions"));
      paths->push_back(path);
      if (name.ends_with(".dvc")) data.push_back(name);
    }
    std::sort(folders.begin(), folders.end());
    for (const std::string& name : data) {
      const std::string output = name.substr(0, name.size() - 4);
      const auto it = std::lower_bound(folders.begin(), folders.end(), output);
      if (it == folders.end() || *it != output) continue;
      const std::string path = folder.empty() ? name : StrCat(folder, "/", name);
      auto text = Read(path);
      if (!text.ok()) continue;
      if (text->find("path: " + YamlScalar(output) + "\n") != text->npos && text->find("wdir:") == text->npos) folders.erase(it);
      read_.emplace(path, *std::move(text));
    }
    for (const std::string& name : folders) PANO_RETURN_IF_ERROR(ListFolder(folder.empty() ? name : StrCat(folder, "/", name), paths));
    return {};
  }

  const Repository& repository_;
  const Ignore ignore_;
  std::map<std::string, std::string> read_;
};

// Files of a commit. Those that are listed are read together, by one git.
class RevisionFiles final : public FileSource {
 public:
  explicit RevisionFiles(const Repository& repository) : repository_(repository) {}

  Status Open(const std::string& revision) {
    auto commit = RunGit(repository_.root(), {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"}, "", 1 << 16);
    if (!commit.ok()) return NotFound(StrCat("git knows no revision '", Printable(revision), "'"));
    // Blobs below the folder that git runs in, with paths from there: "<mode> blob <oid>\t<path>\0".
    PANO_ASSIGN_OR_RETURN(const std::string tree, RunGit(repository_.root(), {"ls-tree", "-r", "-z", std::string(Trim(*commit))}));
    for (const std::string_view row : Split(tree, '\0')) {
      const size_t tab = row.find('\t');
      if (tab == row.npos) continue;
      const std::vector<std::string_view> fields = Split(row.substr(0, tab), ' ');
      if (fields.size() != 3 || fields[1] != "blob" || fields[0] == "120000") continue;
      blobs_.emplace(row.substr(tab + 1), fields[2]);
    }
    return {};
  }

  Result<std::vector<std::string>> List() override {
    std::vector<std::string> paths;
    for (const auto& [path, blob] : blobs_) {
      if (IsListed(path) && !path.starts_with(".dvc/")) paths.push_back(path);
    }
    return paths;
  }

  Result<std::string> Read(const std::string& path) override {
    const auto blob = blobs_.find(path);
    if (blob == blobs_.end()) return NotFound(path + ": not in that revision");
    if (IsListed(path) && texts_.empty()) PANO_RETURN_IF_ERROR(ReadListed());
    if (const auto text = texts_.find(blob->second); text != texts_.end()) return text->second;
    return RunGit(repository_.root(), {"cat-file", "blob", blob->second}, "", kBytesMax);
  }

 private:
  Status ReadListed() {
    std::string wanted;
    for (const auto& [path, blob] : blobs_) {
      if (IsListed(path)) wanted += blob + "\n";
    }
    PANO_ASSIGN_OR_RETURN(const std::string all, RunGit(repository_.root(), {"cat-file", "--batch"}, wanted));
    for (size_t at = 0; at < all.size();) {
      const size_t line_end = all.find('\n', at);   // "<oid> blob <size>"
      if (line_end == all.npos) break;
      const std::vector<std::string_view> fields = Split(std::string_view(all).substr(at, line_end - at), ' ');
      const auto size = fields.size() == 3 ? ParseInt(fields[2]) : std::nullopt;
      if (!size || *size < 0 || static_cast<size_t>(*size) > all.size() - line_end - 1) {
        return Status(StatusCode::kUnavailable, "git cat-file answered what cannot be read");
      }
      texts_.emplace(fields[0], all.substr(line_end + 1, static_cast<size_t>(*size)));
      at = line_end + 1 + static_cast<size_t>(*size) + 1;
    }
    return {};
  }

  const Repository& repository_;
  std::map<std::string, std::string> blobs_;   // path: object id
  std::map<std::string, std::string, std::less<>> texts_;   // by object id
};

}  // namespace

std::unique_ptr<FileSource> FileSource::OfWorkspace(const Repository& repository) {
  return std::make_unique<WorkspaceFiles>(repository);
}

Result<std::unique_ptr<FileSource>> FileSource::OfRevision(const Repository& repository, const std::string& revision) {
  if (repository.git_root().empty()) return NotFound("the repository does not use git, so it has no revisions");
  auto files = std::make_unique<RevisionFiles>(repository);
  PANO_RETURN_IF_ERROR(files->Open(revision));
  return std::unique_ptr<FileSource>(std::move(files));
}

}  // namespace pano::data
