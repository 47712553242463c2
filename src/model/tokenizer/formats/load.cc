#include "model/tokenizer/formats/load.h"

#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kFileBytesMax = 256ull << 20;

// tokenizer_config.json; null where there is none.
Result<json::Value> ReadConfig(const std::string& path) {
  if (!FileExists(path)) return json::Value();
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  return json::Parse(text).Wrap(path);
}

Result<TokenizerPtr> LoadJson(const std::string& path, const std::string& config_path) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  PANO_ASSIGN_OR_RETURN(const json::Value config, ReadConfig(config_path));
  return TokenizerFromJson(text, config).Wrap(path);
}

Result<TokenizerPtr> LoadSentencePiece(const std::string& path, const std::string& config_path) {
  PANO_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kFileBytesMax));
  PANO_ASSIGN_OR_RETURN(const json::Value config, ReadConfig(config_path));
  return TokenizerFromSentencePiece(bytes, config).Wrap(path);
}

Result<TokenizerPtr> LoadTiktoken(const std::string& path, const LoadOptions& options) {
  std::string pattern = options.pattern;
  for (std::string_view name : {"cl100k", "o200k", "qwen"}) {
    if (pattern.empty() && BaseName(path).starts_with(name)) pattern = name;
  }
  if (pattern.empty()) {
    return InvalidArgument(StrCat(path, ": a rank file does not say how it splits: give a pattern "
                                        "(cl100k, o200k, qwen or a regex)"));
  }
  PANO_ASSIGN_OR_RETURN(const std::string ranks, ReadFile(path, kFileBytesMax));
  return TokenizerFromTiktoken(ranks, pattern, options.special).Wrap(path);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

Result<TokenizerPtr> LoadTokenizer(const std::string& path, const LoadOptions& options) {
  if (IsDirectory(path)) {
    const std::string config = JoinPath(path, "tokenizer_config.json");
    const std::string file = JoinPath(path, "tokenizer.json");
    if (FileExists(file)) return LoadJson(file, config);
    const std::string model = JoinPath(path, "tokenizer.model");
    if (FileExists(model)) return LoadSentencePiece(model, config);
    return NotFound(StrCat(path, ": no tokenizer.json or tokenizer.model"));
  }
  if (!FileExists(path)) return NotFound(StrCat(path, ": no such file or folder"));
  if (path.ends_with(".gguf")) {
    PANO_ASSIGN_OR_RETURN(const json::Value metadata, format::ReadGgufMetadata(path));
    return TokenizerFromGguf(metadata).Wrap(path);
  }
  const std::string config = JoinPath(FolderOf(path), "tokenizer_config.json");
  if (path.ends_with(".json")) return LoadJson(path, config);
  // Another file than "tokenizer.model" need not belong to what the folder's settings are about.
  if (path.ends_with(".model")) return LoadSentencePiece(path, BaseName(path) == "tokenizer.model" ? config : "");
  if (path.ends_with(".tiktoken")) return LoadTiktoken(path, options);
  return Unimplemented(StrCat(path, ": no tokenizer is known by this name (tokenizer.json, .gguf, .model, "
                                    ".tiktoken, folder)"));
}

Result<TokenizerPtr> LoadTokenizer(const format::ModelFiles& files) {
  if (files.kind == format::ModelFiles::Kind::kGguf) {
    return TokenizerFromGguf(files.metadata).Wrap(files.path);
  }
  return LoadTokenizer(files.path);
}

}  // namespace pano::tokenizer
