#include "data/version/lineage/model_lineage.h"

#include <utility>

#include "base/strings.h"

namespace pano::data {
namespace {

constexpr char kFormat[] = "pano-lineage-1";
constexpr size_t kBytesMax = 16u << 20, kFilesMax = 100'000;

Result<std::string> Text(const json::Value& value, std::string_view key) {
  const json::Value* member = value.Find(key);
  if (member == nullptr || !member->is_string())
    return Corruption(StrCat("no lineage: '", key, "' is missing or no text"));
  return member->as_string();
}

Result<int64_t> Number(const json::Value& value, std::string_view key) {
  const json::Value* member = value.Find(key);
  if (member == nullptr || !member->is_int())
    return Corruption(StrCat("no lineage: '", key, "' is missing or no number"));
  return member->as_int();
}

Result<LearntFile> FileOf(const json::Value& value) {
  LearntFile file;
  PANO_ASSIGN_OR_RETURN(file.path, Text(value, "path"));
  PANO_ASSIGN_OR_RETURN(const int64_t bytes, Number(value, "bytes"));
  if (bytes < 0) return Corruption("no lineage: a size below zero");
  file.bytes = static_cast<uint64_t>(bytes);
  PANO_ASSIGN_OR_RETURN(file.sha256, Text(value, "sha256"));
  if (const json::Value* version = value.Find("version");
      version != nullptr && !version->is_null()) {
    PANO_ASSIGN_OR_RETURN(file.version, DataReferenceOf(*version));
  }
  return file;
}

}  // namespace

std::string LineageText(const ModelLineage& lineage) {
  json::Value root;
  root.Set("format", kFormat);
  root.Set("data_version", lineage.data_version);
  json::Array data;
  for (const LearntFile& file : lineage.data) {
    json::Value entry;
    entry.Set("path", file.path);
    entry.Set("bytes", file.bytes);
    entry.Set("sha256", file.sha256);
    if (file.version) entry.Set("version", ToJson(*file.version));
    data.push_back(std::move(entry));
  }
  root.Set("data", std::move(data));
  root.Set("recipe_sha256", lineage.recipe_sha256);
  root.Set("recipe", lineage.recipe);
  root.Set("seed", lineage.seed);
  root.Set("base_model", lineage.base_model);
  root.Set("build_version", lineage.build_version);
  root.Set("build_commit", lineage.build_commit);
  root.Set("started", lineage.started);
  return json::Dump(root, {.indent = 1}) + "\n";
}

Result<ModelLineage> ParseLineage(std::string_view text) {
  const Result<json::Value> root = json::Parse(text, {.depth_max = 8, .bytes_max = kBytesMax});
  if (!root.ok()) return root.error();
  PANO_ASSIGN_OR_RETURN(const std::string format, Text(*root, "format"));
  if (format != kFormat)
    return Corruption(StrCat("no lineage of a version that is known: '", Printable(format), "'"));
  ModelLineage lineage;
  PANO_ASSIGN_OR_RETURN(lineage.data_version, Text(*root, "data_version"));
  const json::Value* data = root->Find("data");
  if (data == nullptr || !data->is_array() || data->as_array().size() > kFilesMax)
    return Corruption("no lineage: 'data' is missing or no list");
  for (const json::Value& entry : data->as_array()) {
    PANO_ASSIGN_OR_RETURN(LearntFile file, FileOf(entry));
    lineage.data.push_back(std::move(file));
  }
  PANO_ASSIGN_OR_RETURN(lineage.recipe, Text(*root, "recipe"));
  PANO_ASSIGN_OR_RETURN(lineage.recipe_sha256, Text(*root, "recipe_sha256"));
  PANO_ASSIGN_OR_RETURN(lineage.seed, Number(*root, "seed"));
  PANO_ASSIGN_OR_RETURN(lineage.base_model, Text(*root, "base_model"));
  PANO_ASSIGN_OR_RETURN(lineage.build_version, Text(*root, "build_version"));
  PANO_ASSIGN_OR_RETURN(lineage.build_commit, Text(*root, "build_commit"));
  PANO_ASSIGN_OR_RETURN(lineage.started, Number(*root, "started"));
  return lineage;
}

Result<ModelLineage> ReadLineage(const std::string& folder, Env& env) {
  if (const auto info = env.Stat(folder); !info.ok()) {
    return info.error().Wrap(Printable(folder, 300));
  } else if (info->kind != FileInfo::Kind::kFolder) {
    return NotFound(StrCat(Printable(folder, 300), ": is a file, which has no ", kLineageFile,
                           ": give the folder that it was made from"));
  }
  for (const char* below : {"", "model", "adapter"}) {
    const std::string path =
        JoinPath(*below == '\0' ? folder : JoinPath(folder, below), kLineageFile);
    const Result<std::string> text = ReadFile(path, kBytesMax, env);
    if (text.ok()) return ParseLineage(*text).Wrap(path);
    if (text.error().code() != StatusCode::kNotFound) return text.error().Wrap(path);
  }
  return NotFound(StrCat(Printable(folder, 300), ": has no ", kLineageFile,
                         ": `pano train` writes it into the folder of a model"));
}

}  // namespace pano::data
