#include "data/version/lineage/data_reference.h"

#include <memory>
#include <utility>

#include "base/digest/file_digest.h"
#include "base/env.h"
#include "base/strings.h"
#include "data/version/data_tree.h"
#include "data/version/git.h"
#include "data/version/index.h"
#include "data/version/object_store.h"
#include "data/version/pipeline/pipelines.h"
#include "data/version/repository.h"

namespace pano::data {
namespace {

Result<std::string> Text(const json::Value& value, std::string_view key) {
  const json::Value* member = value.Find(key);
  if (member == nullptr || !member->is_string())
    return Corruption(StrCat("a data version has no '", key, "'"));
  return member->as_string();
}

bool Flag(const json::Value& value, std::string_view key) {
  const json::Value* member = value.Find(key);
  return member != nullptr && member->is_bool() && member->as_bool();
}

// Whether the commit's own files say that the output has this id.
bool IsCommitted(const Repository& repository, const Output& output, const std::string& commit) {
  const auto files = FileSource::OfRevision(repository, commit);
  if (!files.ok()) return false;
  const auto index = Index::Collect(repository, **files, pipeline::StageOutputsOf);
  if (!index.ok()) return false;
  const Output* then = index->At(output.path);
  return then != nullptr && then->id == output.id;
}

// Whether the file with this MD5 is the one of the version.
bool IsCurrent(const Repository& repository, const Output& output, const std::string& file,
               const std::string& md5) {
  const Result<Md5> digest = Md5::Parse(md5);
  if (!digest.ok()) return false;
  if (!output.id->folder) return output.id->md5 == *digest;
  const ObjectStore store(repository.cache_folder(), StoreOptions(), nullptr, repository.env());
  const auto text = store.Read(*output.id, DataTree::kBytesMax);
  if (!text.ok()) return false;
  const auto tree = DataTree::Parse(*text, output.id->hash);
  if (!tree.ok()) return false;
  const std::optional<size_t> at = tree->Find(file);
  return at && tree->md5(*at) == *digest;
}

}  // namespace

Result<std::optional<DataReference>> FindDataReference(const std::string& path) {
  const auto repository = Repository::Find(std::string(FolderName(path)));
  if (!repository.ok()) {
    if (repository.error().code() == StatusCode::kNotFound) return std::optional<DataReference>();
    return repository.error();
  }
  const Result<std::string> relative = (*repository)->Relative(path);
  if (!relative.ok()) return std::optional<DataReference>();  // a link that leads out
  const auto files = FileSource::OfWorkspace(**repository);
  PANO_ASSIGN_OR_RETURN(const Index index,
                        Index::Collect(**repository, *files, pipeline::StageOutputsOf));
  const Output* output = index.At(*relative);
  if (output == nullptr) output = index.Holding(*relative);
  if (output == nullptr || !output->id) return std::optional<DataReference>();
  DataReference reference;
  reference.id = output->id->ToString();
  reference.path = output->path;
  if (relative->size() > output->path.size())
    reference.file = relative->substr(output->path.size() + 1);
  reference.source = output->source;
  if (!(*repository)->git_root().empty()) {
    if (const auto head = RunGit((*repository)->root(), {"rev-parse", "HEAD"}); head.ok()) {
      reference.commit = std::string(Trim(*head));
      reference.committed = IsCommitted(**repository, *output, reference.commit);
    }
  }
  PANO_ASSIGN_OR_RETURN(const FileDigest digest,
                        DigestOfFile((*repository)->env(), path, Digest::kMd5));
  reference.current = IsCurrent(**repository, *output, reference.file, digest.hex);
  return std::optional<DataReference>(std::move(reference));
}

json::Value ToJson(const DataReference& reference) {
  json::Value value;
  value.Set("id", reference.id);
  value.Set("path", reference.path);
  value.Set("file", reference.file);
  value.Set("source", reference.source);
  value.Set("commit", reference.commit);
  value.Set("committed", reference.committed);
  value.Set("current", reference.current);
  return value;
}

Result<DataReference> DataReferenceOf(const json::Value& value) {
  DataReference reference;
  PANO_ASSIGN_OR_RETURN(reference.id, Text(value, "id"));
  PANO_RETURN_IF_ERROR(ObjectId::Parse(reference.id).status());
  PANO_ASSIGN_OR_RETURN(reference.path, Text(value, "path"));
  PANO_ASSIGN_OR_RETURN(reference.file, Text(value, "file"));
  PANO_ASSIGN_OR_RETURN(reference.source, Text(value, "source"));
  PANO_ASSIGN_OR_RETURN(reference.commit, Text(value, "commit"));
  reference.committed = Flag(value, "committed");
  reference.current = Flag(value, "current");
  return reference;
}

}  // namespace pano::data
