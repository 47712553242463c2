#include "app/hub/repo_listing.h"

#include <algorithm>

#include "app/hub/etag.h"
#include "app/hub/model_name.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

Result<std::optional<uint64_t>> SizeOf(const json::Value& object) {
  const json::Value* size = object.Find("size");
  if (!size || size->is_null()) return std::optional<uint64_t>();
  if (!size->is_int() || size->as_int() < 0 ||
      static_cast<uint64_t>(size->as_int()) > kFileBytesMax) {
    return Corruption(StrCat("size is ", Printable(json::Dump(*size))));
  }
  return std::optional(static_cast<uint64_t>(size->as_int()));
}

// The hash in `key`, which must be one of the given kind.
Result<std::string> EtagOf(const json::Value& object, std::string_view key, EtagKind kind) {
  const json::Value* etag = object.Find(key);
  if (!etag || etag->is_null()) return std::string();
  if (!etag->is_string() || KindOfEtag(etag->as_string()) != kind) {
    return Corruption(StrCat(key, " is ", Printable(json::Dump(*etag))));
  }
  return etag->as_string();
}

// "lfs" says what the content is; without it the file is in git itself.
Result<RepoFile> ReadFileEntry(const json::Value& entry, const std::string& path) {
  RepoFile file;
  file.path = path;
  PANO_ASSIGN_OR_RETURN(file.size, SizeOf(entry));
  const json::Value* lfs = entry.Find("lfs");
  if (!lfs || lfs->is_null()) {
    PANO_ASSIGN_OR_RETURN(file.etag, EtagOf(entry, "blobId", EtagKind::kGitSha1));
    return file;
  }
  PANO_ASSIGN_OR_RETURN(const std::optional<uint64_t> size, SizeOf(*lfs));
  if (size) file.size = size;
  PANO_ASSIGN_OR_RETURN(file.etag, EtagOf(*lfs, "sha256", EtagKind::kSha256));
  return file;
}

}  // namespace

const RepoFile* RepoListing::Find(std::string_view path) const {
  auto found = std::lower_bound(files.begin(), files.end(), path,
                                [](const RepoFile& file, std::string_view p) { return file.path < p; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

std::vector<std::string> RepoListing::Paths() const {
  std::vector<std::string> paths;
  paths.reserve(files.size());
  for (const RepoFile& file : files) paths.push_back(file.path);
  return paths;
}

Result<RepoListing> ParseRepoListing(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const json::Value answer, json::Parse(text, {.allow_nan = true}));
  RepoListing listing;
  const json::Value* commit = answer.Find("sha");
  if (!commit || !commit->is_string() || !IsCommit(commit->as_string())) {
    return Corruption("names no commit (\"sha\")");
  }
  listing.commit = commit->as_string();
  const json::Value* siblings = answer.Find("siblings");
  if (!siblings || !siblings->is_array()) return Corruption("lists no files (\"siblings\")");
  if (siblings->as_array().size() > kListingFilesMax) {
    return Status(StatusCode::kExhausted, StrCat("lists more than ", kListingFilesMax, " files"));
  }
  for (const json::Value& entry : siblings->as_array()) {
    const json::Value* path = entry.Find("rfilename");
    if (!path || !path->is_string()) return Corruption("lists a file without \"rfilename\"");
    if (!IsFilePath(path->as_string())) continue;
    Result<RepoFile> file = ReadFileEntry(entry, path->as_string());
    if (!file.ok()) return file.error().Wrap(Printable(path->as_string(), 200));
    listing.files.push_back(std::move(*file));
  }
  std::sort(listing.files.begin(), listing.files.end(),
            [](const RepoFile& a, const RepoFile& b) { return a.path < b.path; });
  for (size_t i = 1; i < listing.files.size(); ++i) {
    if (listing.files[i].path == listing.files[i - 1].path) {
      return Corruption(StrCat("lists '", Printable(listing.files[i].path, 200), "' twice"));
    }
  }
  return listing;
}

}  // namespace pano::hub
