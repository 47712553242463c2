#include "model/train/run/checkpoint/manifest.h"

#include <algorithm>
#include <unordered_set>

#include "base/json.h"
#include "base/strings.h"
#include "model/train/run/checkpoint/contents.h"

namespace pano::train {
namespace {

constexpr char kFormat[] = "pano-checkpoint-1";

bool IsDigest(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<int64_t> IntegerOf(const json::Value& object, std::string_view key, int64_t min) {
  const json::Value* value = object.Find(key);
  if (!value || !value->is_int() || value->as_int() < min) {
    return Corruption(StrCat("'", key, "' is no integer from ", min, " on"));
  }
  return value->as_int();
}

Result<Manifest::File> ParseFile(const json::Value& value) {
  if (!value.is_object()) return Corruption("is no object");
  const json::Value* name = value.Find("name");
  const json::Value* sha256 = value.Find("sha256");
  if (!name || !name->is_string() || !IsPlainFileName(name->as_string()) ||
      name->as_string() == kManifestName) {
    return Corruption("'name' is no plain file name");
  }
  if (!sha256 || !sha256->is_string() || !IsDigest(sha256->as_string())) {
    return Corruption(StrCat("'", name->as_string(), "': 'sha256' is no digest"));
  }
  PANO_ASSIGN_OR_RETURN(const int64_t bytes, IntegerOf(value, "bytes", 0).Wrap(name->as_string()));
  return Manifest::File{name->as_string(), static_cast<uint64_t>(bytes), sha256->as_string()};
}

}  // namespace

std::string DumpManifest(const Manifest& manifest) {
  json::Array files;
  for (const Manifest::File& file : manifest.files) {
    files.push_back(json::Object{
        {"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  json::Value out;
  out.Set("format", kFormat);
  out.Set("step", manifest.step);
  out.Set("best_step", manifest.best_step);
  out.Set("files", std::move(files));
  return json::Dump(out, {.indent = 1}) + "\n";
}

Result<Manifest> ParseManifest(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const json::Value root,
                        json::Parse(text, {.depth_max = 8, .bytes_max = kManifestBytesMax}));
  const json::Value* format = root.Find("format");
  if (!format || !format->is_string() || format->as_string() != kFormat) {
    return Corruption(StrCat("'format' is not ", kFormat));
  }
  Manifest manifest;
  PANO_ASSIGN_OR_RETURN(manifest.step, IntegerOf(root, "step", 0));
  PANO_ASSIGN_OR_RETURN(manifest.best_step, IntegerOf(root, "best_step", -1));
  const json::Value* files = root.Find("files");
  if (!files || !files->is_array()) return Corruption("'files' is no array");
  if (files->as_array().size() > kManifestFilesMax) {
    return Corruption(StrCat("'files' has ", files->as_array().size(), " entries, more than ",
                             kManifestFilesMax));
  }
  std::unordered_set<std::string> names;
  for (size_t i = 0; i < files->as_array().size(); ++i) {
    PANO_ASSIGN_OR_RETURN(Manifest::File file,
                          ParseFile(files->as_array()[i]).Wrap(StrCat("files[", i, "]")));
    if (!names.insert(file.name).second) {
      return Corruption(StrCat("files[", i, "]: '", file.name, "' stands twice"));
    }
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

}  // namespace pano::train
