#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/strings.h"
#include "model/format/gguf_parse.h"
#include "model/format/tensor_table.h"
#include "model/format/weights.h"

namespace pano::format {

Result<GgufFile> OpenGguf(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
  PANO_ASSIGN_OR_RETURN(GgufContents contents, ParseGguf(mapped->bytes()).Wrap(path));
  const json::Value* parts = contents.metadata.Find("split.count");
  if (parts && !(parts->is_int() && parts->as_int() <= 1)) {
    return Unimplemented(StrCat(path,
                                ": split.count: a model split into several GGUF files is not "
                                "read; merge them into one first"));
  }
  GgufFile file;
  file.version = contents.version;
  file.metadata = std::move(contents.metadata);
  std::vector<TensorFile> files;
  files.push_back({std::move(mapped), std::move(contents.tensors)});
  PANO_ASSIGN_OR_RETURN(file.weights, TensorTable::Create(std::move(files)));
  return file;
}

Result<json::Value> ReadGgufMetadata(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
  PANO_ASSIGN_OR_RETURN(GgufContents contents,
                        ParseGguf(mapped->bytes(), GgufPart::kMetadata).Wrap(path));
  return std::move(contents.metadata);
}

}  // namespace pano::format
