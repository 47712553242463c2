#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "model/format/gguf_parse.h"
#include "model/format/gguf_split.h"
#include "model/format/tensor_table.h"
#include "model/format/weights.h"

namespace pano::format {

namespace {

// The other files of a split model, checked against what the first one says. Their metadata says
// nothing more.
Status OpenOtherParts(const std::string& first, const GgufSplit& split,
                      std::vector<TensorFile>& files) {
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, GgufPartPaths(first, split.count));
  for (const std::string& path : paths) {
    if (FileExists(path)) continue;
    return NotFound(StrCat(path, ": no such file; the model is split into ", split.count,
                           " files that have to lie side by side"));
  }
  size_t tensors = files.front().tensors.size();
  for (size_t i = 1; i < paths.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(paths[i]));
    PANO_ASSIGN_OR_RETURN(GgufContents part, ParseGguf(mapped->bytes()).Wrap(paths[i]));
    PANO_ASSIGN_OR_RETURN(const GgufSplit own, ReadGgufSplit(part.metadata).Wrap(paths[i]));
    if (own.count != split.count || own.number != static_cast<int64_t>(i)) {
      return Corruption(StrCat(paths[i], ": says that it is file ", own.number + 1, " of ",
                               own.count, ", its name says ", i + 1, " of ", split.count));
    }
    tensors += part.tensors.size();
    files.push_back({std::move(mapped), std::move(part.tensors)});
  }
  if (split.tensors > 0 && tensors != static_cast<size_t>(split.tensors)) {
    return Corruption(StrCat(first, ": split.tensors.count: ", split.tensors, ", the ",
                             split.count, " files have ", tensors));
  }
  return {};
}

}  // namespace

Result<GgufFile> OpenGguf(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
  PANO_ASSIGN_OR_RETURN(GgufContents contents, ParseGguf(mapped->bytes()).Wrap(path));
  PANO_ASSIGN_OR_RETURN(const GgufSplit split, ReadGgufSplit(contents.metadata).Wrap(path));
  if (split.number > 0) {
    return InvalidArgument(StrCat(path, ": is file ", split.number + 1, " of ", split.count,
                                  " of a split model; give the first, which says what it is"));
  }
  GgufFile file;
  file.version = contents.version;
  file.metadata = std::move(contents.metadata);
  std::vector<TensorFile> files;
  files.push_back({std::move(mapped), std::move(contents.tensors)});
  if (split.count > 1) PANO_RETURN_IF_ERROR(OpenOtherParts(path, split, files));
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
