#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kFileBytesMax = 256ull << 20;

Result<TokenizerPtr> LoadJson(const std::string& path, const std::string& config_path) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  json::Value config;
  if (FileExists(config_path)) {
    PANO_ASSIGN_OR_RETURN(const std::string config_text, ReadFile(config_path, kFileBytesMax));
    PANO_ASSIGN_OR_RETURN(config, json::Parse(config_text).Wrap(config_path));
  }
  return TokenizerFromJson(text, config).Wrap(path);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

Result<TokenizerPtr> LoadTokenizer(const std::string& path) {
  if (IsDirectory(path)) {
    const std::string file = JoinPath(path, "tokenizer.json");
    if (!FileExists(file)) {
      if (FileExists(JoinPath(path, "tokenizer.model"))) {
        return Unimplemented(StrCat(path, ": tokenizer.model without tokenizer.json is not supported"));
      }
      return NotFound(StrCat(path, ": no tokenizer.json"));
    }
    return LoadJson(file, JoinPath(path, "tokenizer_config.json"));
  }
  if (!FileExists(path)) return NotFound(StrCat(path, ": no such file or folder"));
  if (path.ends_with(".gguf")) {
    PANO_ASSIGN_OR_RETURN(const json::Value metadata, format::ReadGgufMetadata(path));
    return TokenizerFromGguf(metadata).Wrap(path);
  }
  if (path.ends_with(".json")) {
    return LoadJson(path, JoinPath(FolderOf(path), "tokenizer_config.json"));
  }
  return Unimplemented(StrCat(path, ": no tokenizer is known by this name (tokenizer.json, .gguf, folder)"));
}

Result<TokenizerPtr> LoadTokenizer(const format::ModelFiles& files) {
  if (files.kind == format::ModelFiles::Kind::kGguf) {
    return TokenizerFromGguf(files.metadata).Wrap(files.path);
  }
  return LoadTokenizer(files.path);
}

}  // namespace pano::tokenizer
