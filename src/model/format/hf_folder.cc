#include "model/format/hf_folder.h"

#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "model/format/packed_layout.h"
#include "model/format/safetensors_parse.h"
#include "model/format/tensor_table.h"
#include "model/format/weight_map.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

constexpr size_t kConfigBytesMax = 16u << 20;  // also of a chat template
constexpr size_t kIndexBytesMax = 64u << 20;
constexpr size_t kTemplatesMax = 64;

// The object in the JSON file; null when the folder has no such file.
Result<json::Value> ReadObject(const std::string& folder, std::string_view name) {
  std::string path = JoinPath(folder, name);
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path));
  if (!there) return json::Value();
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kConfigBytesMax));
  PANO_ASSIGN_OR_RETURN(json::Value value, json::Parse(text, {.allow_nan = true}).Wrap(path));
  if (!value.is_object()) {
    return Corruption(StrCat(path, ": expected an object, found ", value.kind()));
  }
  return value;
}

// A template file; a byte order mark in front of it is no part of it.
Result<std::string> ReadTemplate(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kConfigBytesMax));
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

// The templates as files, which count before those in JSON; all of them, where transformers writes
// several: chat_template.jinja is the default one.
Status ReadTemplateFiles(const std::string& folder, ChatTemplates& out) {
  const std::string path = JoinPath(folder, "chat_template.jinja");
  PANO_ASSIGN_OR_RETURN(const bool has_main, Exists(path));
  if (has_main) {
    PANO_ASSIGN_OR_RETURN(out.main, ReadTemplate(path));
  }
  constexpr std::string_view kEnding = ".jinja";
  const std::string more = JoinPath(folder, "additional_chat_templates");
  PANO_ASSIGN_OR_RETURN(const bool has_more, Exists(more));
  if (!has_more) return {};
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(more));
  for (const std::string& name : names) {
    if (!name.ends_with(kEnding) || name.size() == kEnding.size()) continue;
    if (out.named.size() == kTemplatesMax) {
      return Corruption(StrCat(more, ": more than ", kTemplatesMax, " chat templates"));
    }
    PANO_ASSIGN_OR_RETURN(out.named[name.substr(0, name.size() - kEnding.size())],
                          ReadTemplate(JoinPath(more, name)));
  }
  return {};
}

Result<ChatTemplates> ReadChatTemplates(const std::string& folder,
                                        const json::Value& tokenizer_config) {
  PANO_ASSIGN_OR_RETURN(
      ChatTemplates out,
      ChatTemplatesOf(tokenizer_config).Wrap(JoinPath(folder, "tokenizer_config.json")));
  PANO_RETURN_IF_ERROR(ReadTemplateFiles(folder, out));
  if (!out.main.empty() || !out.named.empty()) return out;
  // As processors of models that also see wrote it.
  PANO_ASSIGN_OR_RETURN(const json::Value old, ReadObject(folder, "chat_template.json"));
  return ChatTemplatesOf(old).Wrap(JoinPath(folder, "chat_template.json"));
}

Result<std::vector<SafetensorsFile>> OpenShards(const std::string& folder,
                                                const std::string& index_path) {
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(index_path, kIndexBytesMax));
  PANO_ASSIGN_OR_RETURN(WeightMap weight_map, ParseWeightMap(text).Wrap(index_path));
  std::set<std::string> names;
  for (const auto& [tensor, file] : weight_map) names.insert(file);
  std::vector<SafetensorsFile> shards;
  std::set<std::pair<std::string_view, std::string_view>> present;  // file, tensor
  for (const std::string& name : names) {
    std::string path = JoinPath(folder, name);
    PANO_ASSIGN_OR_RETURN(const bool there, Exists(path));
    if (!there) {
      return NotFound(StrCat(index_path, ": weight_map: file '", name, "' is missing"));
    }
    PANO_ASSIGN_OR_RETURN(SafetensorsFile shard, MapSafetensors(path));
    shards.push_back(std::move(shard));
    for (const NamedTensor& tensor : shards.back().file.tensors) present.emplace(name, tensor.name);
  }
  for (const auto& [tensor, file] : weight_map) {
    if (!present.contains({file, tensor})) {
      return Corruption(StrCat(index_path, ": weight_map: tensor '", Printable(tensor),
                               "' is not in '", file, "'"));
    }
  }
  return shards;
}

// Why a folder without safetensors cannot be opened, with what to do about it.
Status ExplainNoWeights(const std::string& folder, bool has_config) {
  PANO_ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(folder));
  for (std::string_view name : names) {
    std::string path = JoinPath(folder, name);
    if (name.starts_with("pytorch_model") || IsPickleName(name)) return PickledWeights(path);
    if (name.ends_with(".gguf")) {
      return NotFound(
          StrCat(folder, ": no model.safetensors; to open a GGUF file of it, name it: ", path));
    }
    if (name.starts_with("model-") && name.ends_with(".safetensors")) {
      return NotFound(StrCat(JoinPath(folder, "model.safetensors.index.json"),
                             ": is missing, but the folder holds shards: ", name));
    }
  }
  return NotFound(StrCat(folder, has_config ? ": has config.json but no model.safetensors"
                                            : ": has neither config.json nor weights"));
}

Result<std::vector<SafetensorsFile>> OpenWeightFiles(const std::string& folder, bool has_config) {
  std::string single = JoinPath(folder, "model.safetensors");
  std::string index = JoinPath(folder, "model.safetensors.index.json");
  PANO_ASSIGN_OR_RETURN(const bool is_single, Exists(single));
  if (is_single) {
    std::vector<SafetensorsFile> files;
    PANO_ASSIGN_OR_RETURN(SafetensorsFile file, MapSafetensors(single));
    files.push_back(std::move(file));
    return files;
  }
  PANO_ASSIGN_OR_RETURN(const bool has_index, Exists(index));
  if (has_index) return OpenShards(folder, index);
  return ExplainNoWeights(folder, has_config);
}

}  // namespace

bool IsPickleName(std::string_view name) {
  for (std::string_view suffix : {".pt", ".pth", ".ckpt", ".pkl"}) {
    if (name.ends_with(suffix)) return true;
  }
  return false;
}

Status PickledWeights(const std::string& path) {
  return Unimplemented(StrCat(path,
                              ": pickled weights are programs and are not run; convert them to "
                              "safetensors once, where they are trusted: with transformers, "
                              "AutoModel.from_pretrained(folder).save_pretrained(folder)"));
}

Result<ChatTemplates> ChatTemplatesOf(const json::Value& config) {
  const json::Value* value = config.Find("chat_template");
  ChatTemplates out;
  if (!value || value->is_null()) return out;
  if (value->is_string()) {
    out.main = value->as_string();
    return out;
  }
  if (value->is_object()) {  // name -> template
    for (const auto& [name, text] : value->as_object()) {
      if (!text.is_string()) return Corruption("chat_template: a template is no string");
      (name == "default" ? out.main : out.named[name]) = text.as_string();
    }
    return out;
  }
  if (!value->is_array()) {
    return Corruption(
        StrCat("chat_template: expected a string or an array, found ", value->kind()));
  }
  for (const json::Value& item : value->as_array()) {
    const json::Value* name = item.Find("name");
    const json::Value* text = item.Find("template");
    if (!name || !name->is_string() || !text || !text->is_string()) {
      return Corruption("chat_template: an item is no object with 'name' and 'template' strings");
    }
    (name->as_string() == "default" ? out.main : out.named[name->as_string()]) = text->as_string();
  }
  return out;
}

Result<ModelFiles> OpenFolder(const std::string& path) {
  ModelFiles model;
  model.kind = ModelFiles::Kind::kHuggingFace;
  model.path = path;
  PANO_ASSIGN_OR_RETURN(model.config, ReadObject(path, "config.json"));
  PANO_ASSIGN_OR_RETURN(model.generation_config, ReadObject(path, "generation_config.json"));
  PANO_ASSIGN_OR_RETURN(model.tokenizer_config, ReadObject(path, "tokenizer_config.json"));
  PANO_ASSIGN_OR_RETURN(ChatTemplates templates, ReadChatTemplates(path, model.tokenizer_config));
  model.chat_template = std::move(templates.main);
  model.named_templates = std::move(templates.named);
  PANO_ASSIGN_OR_RETURN(std::vector<SafetensorsFile> files,
                        OpenWeightFiles(path, model.config.is_object()));
  model.metadata = std::move(files.front().metadata);
  std::vector<TensorFile> tensor_files;
  for (SafetensorsFile& file : files) tensor_files.push_back(std::move(file.file));
  PANO_RETURN_IF_ERROR(
      ApplyPackedLayout(model.config, tensor_files).Wrap(JoinPath(path, "config.json")));
  PANO_ASSIGN_OR_RETURN(model.weights, TensorTable::Create(std::move(tensor_files)));
  return model;
}

}  // namespace pano::format
