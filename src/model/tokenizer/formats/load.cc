#include "model/tokenizer/formats/load.h"

#include <utility>

#include "base/env.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/tokenizer/formats/listed_tokens.h"
#include "model/tokenizer/formats/lowercased.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kFileBytesMax = 256ull << 20;

// `folder`: where its settings are.
Result<TokenizerPtr> LoadJson(const std::string& path, const std::string& folder) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  PANO_ASSIGN_OR_RETURN(const json::Value config, ReadTokenizerConfig(folder));
  return TokenizerFromJson(text, config).Wrap(path);
}

// `folder`: "" for a file that stands alone.
Result<TokenizerPtr> LoadSentencePiece(const std::string& path, const std::string& folder) {
  PANO_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kFileBytesMax));
  json::Value config;
  if (!folder.empty()) {
    PANO_ASSIGN_OR_RETURN(config, ReadTokenizerConfig(folder));
  }
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

Result<TokenizerPtr> LoadFolder(const std::string& path) {
  const std::string file = JoinPath(path, "tokenizer.json");
  PANO_ASSIGN_OR_RETURN(const bool has_json, Exists(file));
  if (has_json) return LoadJson(file, path);
  const std::string model = JoinPath(path, "tokenizer.model");
  PANO_ASSIGN_OR_RETURN(const bool has_model, Exists(model));
  if (has_model) return LoadSentencePiece(model, path);
  return NotFound(StrCat(path, ": no tokenizer.json or tokenizer.model"));
}

}  // namespace

Result<TokenizerPtr> LoadTokenizer(const std::string& path, const LoadOptions& options) {
  if (IsDirectory(path)) {
    PANO_ASSIGN_OR_RETURN(const bool lower, LowersTexts(path));
    PANO_ASSIGN_OR_RETURN(TokenizerPtr tokenizer, LoadFolder(path));
    return lower ? Lowercased(std::move(tokenizer)) : std::move(tokenizer);
  }
  if (!FileExists(path)) return NotFound(StrCat(path, ": no such file or folder"));
  if (path.ends_with(".gguf")) {
    PANO_ASSIGN_OR_RETURN(const json::Value metadata, format::ReadGgufMetadata(path));
    return TokenizerFromGguf(metadata).Wrap(path);
  }
  if (path.ends_with(".json")) return LoadJson(path, FolderOf(path));
  // Another file than "tokenizer.model" need not belong to what the folder's settings are about.
  if (path.ends_with(".model")) return LoadSentencePiece(path, BaseName(path) == "tokenizer.model" ? FolderOf(path) : "");
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
