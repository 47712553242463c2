#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "model/format/hf_folder.h"
#include "model/format/safetensors_parse.h"
#include "model/format/tensor_table.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

enum class FileKind { kGguf, kSafetensors, kPickle, kOther };

// By the first bytes of the file where they are a known magic number, else by its name.
Result<FileKind> Recognize(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
  std::span<const std::byte> bytes = mapped->bytes();
  std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                         bytes.size() < 4 ? 0 : size_t{4});
  std::string name = ToLower(BaseName(path));
  if (start == "GGUF" || name.ends_with(".gguf")) return FileKind::kGguf;
  if (name.ends_with(".safetensors")) return FileKind::kSafetensors;
  if (IsPickleName(name)) return FileKind::kPickle;
  // A .bin can be anything: those of PyTorch are zip archives or bare pickles.
  bool is_pickle = start.starts_with("PK") || start.starts_with('\x80');
  if (name.ends_with(".bin") && is_pickle) return FileKind::kPickle;
  return FileKind::kOther;
}

Result<ModelFiles> OpenGgufModel(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(GgufFile file, OpenGguf(path));
  ModelFiles model;
  model.kind = ModelFiles::Kind::kGguf;
  model.path = path;
  model.weights = std::move(file.weights);
  model.metadata = std::move(file.metadata);
  constexpr std::string_view kTemplate = "tokenizer.chat_template";
  for (const auto& [key, text] : model.metadata.as_object()) {
    if (!key.starts_with(kTemplate)) continue;
    const std::string_view name = std::string_view(key).substr(kTemplate.size());
    if (!name.empty() && name[0] != '.') continue;  // tokenizer.chat_templates, the list of names
    if (!text.is_string()) {
      return Corruption(StrCat(path, ": ", Printable(key), ": expected a string, found ",
                               text.kind()));
    }
    (name.empty() ? model.chat_template : model.named_templates[std::string(name.substr(1))]) =
        text.as_string();
  }
  return model;
}

Result<ModelFiles> OpenSafetensorsModel(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(SafetensorsFile file, MapSafetensors(path));
  ModelFiles model;
  model.kind = ModelFiles::Kind::kSafetensors;
  model.path = path;
  model.metadata = std::move(file.metadata);
  std::vector<TensorFile> files;
  files.push_back(std::move(file.file));
  PANO_ASSIGN_OR_RETURN(model.weights, TensorTable::Create(std::move(files)));
  return model;
}

}  // namespace

Result<ModelFiles> OpenModel(const std::string& path) {
  if (IsDirectory(path)) return OpenFolder(path);
  std::error_code error;
  if (!std::filesystem::exists(path, error) && (!error || error.value() == ENOENT)) {
    return NotFound(StrCat(path.empty() ? "''" : path, ": no such file or folder"));
  }
  PANO_ASSIGN_OR_RETURN(FileKind kind, Recognize(path));
  switch (kind) {
    case FileKind::kGguf:
      return OpenGgufModel(path);
    case FileKind::kSafetensors:
      return OpenSafetensorsModel(path);
    case FileKind::kPickle:
      return PickledWeights(path);
    case FileKind::kOther:
      break;
  }
  return Unimplemented(StrCat(path, ": is neither a folder, a .gguf nor a .safetensors file"));
}

}  // namespace pano::format
