#include "model/adapter/merge/base_folder.h"

#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "base/atomic_file.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "model/format/hf_folder.h"
#include "model/format/weight_map.h"

namespace pano::adapter {
namespace {

constexpr size_t kIndexBytesMax = 64u << 20;
constexpr size_t kFilesMax = 4096;
constexpr size_t kCopyBytes = 1 << 20;
constexpr std::string_view kIndexFile = "model.safetensors.index.json";

// The model's weights in any form.
bool IsWeights(std::string_view name) {
  for (std::string_view end : {".safetensors", ".bin", ".gguf", ".h5", ".msgpack", ".onnx",
                               ".index.json"}) {
    if (name.ends_with(end)) return true;
  }
  return format::IsPickleName(name);
}

class Copier {
 public:
  explicit Copier(Env& env) : env_(env) {}

  // What of a folder `wanted` says, links followed.
  template <typename Wanted>
  Status Files(const std::string& from, const std::string& to, Wanted wanted) {
    PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          env_.List(from).Wrap(StrCat(from, ": cannot list")));
    for (const std::string& name : names) {
      if (name.starts_with('.') || !wanted(name)) continue;
      const Result<FileInfo> info = env_.Stat(JoinPath(from, name));
      if (info.error().code() == StatusCode::kNotFound) continue;  // a link that leads nowhere
      if (!info.ok()) return info.error().Wrap(StrCat(JoinPath(from, name), ": cannot look"));
      if (info->kind != FileInfo::Kind::kFile) continue;
      if (++files_ > kFilesMax) {
        return Status(StatusCode::kExhausted, StrCat(from, ": more than ", kFilesMax, " files"));
      }
      PANO_RETURN_IF_ERROR(Copy(JoinPath(from, name), JoinPath(to, name)));
    }
    return {};
  }

  Status Folder(const std::string& from, const std::string& to) {
    PANO_RETURN_IF_ERROR(env_.MakeFolder(to).Wrap(StrCat(to, ": cannot make")));
    PANO_RETURN_IF_ERROR(Files(from, to, [](std::string_view) { return true; }));
    return env_.SyncFolder(to);
  }

 private:
  Status Copy(const std::string& from, const std::string& to) {
    PANO_ASSIGN_OR_RETURN(auto source, env_.Open(from, Env::OpenMode::kRead)
                                           .Wrap(StrCat(from, ": cannot read")));
    AtomicFile target(to, env_);
    std::vector<std::byte> buffer(kCopyBytes);
    while (true) {
      PANO_ASSIGN_OR_RETURN(const size_t count,
                            source->ReadSome(buffer).Wrap(StrCat(from, ": cannot read")));
      if (count == 0) break;
      PANO_RETURN_IF_ERROR(target.Write(std::span(buffer).first(count)));
    }
    return target.Commit();
  }

  Env& env_;
  size_t files_ = 0;
};

// The sub-folders of sentence-transformers' modules.json: plain names only.
Result<std::vector<std::string>> ModuleFolders(const std::string& from, Env& env) {
  std::vector<std::string> out;
  const std::string path = JoinPath(from, "modules.json");
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path, env));
  if (!there) return out;
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kIndexBytesMax, env));
  PANO_ASSIGN_OR_RETURN(const json::Value modules, json::Parse(text).Wrap(path));
  if (!modules.is_array()) return Corruption(StrCat(path, ": is no array"));
  for (const json::Value& module : modules.as_array()) {
    const json::Value* name = module.Find("path");
    if (!name || !name->is_string() || name->as_string().empty()) continue;
    if (name->as_string().find('/') != std::string::npos || name->as_string().starts_with('.')) {
      return Corruption(StrCat(path, ": path '", Printable(name->as_string()),
                               "' is no folder of this one"));
    }
    out.push_back(name->as_string());
  }
  return out;
}

}  // namespace

Result<BaseFolder> OpenBaseFolder(const std::string& path) {
  BaseFolder out;
  out.path = path;
  std::set<std::string> names;
  PANO_ASSIGN_OR_RETURN(const bool single, Exists(JoinPath(path, "model.safetensors")));
  if (single) {
    names.insert("model.safetensors");
  } else {
    const std::string index = JoinPath(path, kIndexFile);
    PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(index, kIndexBytesMax));
    PANO_ASSIGN_OR_RETURN(out.index, json::Parse(text).Wrap(index));
    PANO_ASSIGN_OR_RETURN(const format::WeightMap map, format::ParseWeightMap(text).Wrap(index));
    for (const auto& [tensor, file] : map) names.insert(file);
  }
  for (const std::string& name : names) {
    PANO_ASSIGN_OR_RETURN(format::SafetensorsFile file,
                          format::MapSafetensors(JoinPath(path, name)));
    out.shards.push_back({name, std::move(file)});
  }
  return out;
}

std::map<std::string, std::string> MetadataOf(const format::SafetensorsFile& file) {
  std::map<std::string, std::string> out;
  if (!file.metadata.is_object()) return out;
  for (const auto& [key, value] : file.metadata.as_object()) out[key] = value.as_string();
  return out;
}

Status CopyCompanions(const std::string& from, const std::string& to, Env& env) {
  Copier copier(env);
  PANO_RETURN_IF_ERROR(copier.Files(from, to, [](std::string_view name) {
    return !IsWeights(name) && name != "config.json" && name != "lineage.json";
  }));
  PANO_ASSIGN_OR_RETURN(std::vector<std::string> folders, ModuleFolders(from, env));
  folders.emplace_back("additional_chat_templates");
  for (const std::string& name : folders) {
    const std::string folder = JoinPath(from, name);
    PANO_ASSIGN_OR_RETURN(const bool there, Exists(folder, env));
    if (there) PANO_RETURN_IF_ERROR(copier.Folder(folder, JoinPath(to, name)));
  }
  return {};
}

}  // namespace pano::adapter
