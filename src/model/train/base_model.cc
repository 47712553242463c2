#include "model/train/base_model.h"

#include <algorithm>

#include "base/env.h"
#include "base/strings.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/head_tensors.h"
#include "model/nn/families/family.h"

namespace pano::train {
namespace {

bool IsCausal(Task task) {
  return task == Task::kCausalLm || task == Task::kChat || task == Task::kPreference;
}

// What transformers calls an encoder that does the task: behind its family's name.
std::string_view PurposeOf(Task task) {
  switch (task) {
    case Task::kSequenceClassification:
      return "ForSequenceClassification";
    case Task::kTokenClassification:
      return "ForTokenClassification";
    case Task::kMaskedLm:
      return "ForMaskedLM";
    default:
      return "Model";
  }
}

std::string ArchitectureOf(const json::Value& config) {
  const json::Value* list = config.Find("architectures");
  if (!list || !list->is_array() || list->as_array().empty()) return "";
  const json::Value& first = list->as_array()[0];
  return first.is_string() ? first.as_string() : "";
}

// "BertForMaskedLM" and "BertModel" as "Bert".
std::string FamilyPart(std::string_view architecture) {
  const size_t purpose = architecture.find("For");
  if (purpose != std::string_view::npos) return std::string(architecture.substr(0, purpose));
  if (architecture.ends_with("Model")) architecture.remove_suffix(5);
  return std::string(architecture);
}

void SetLabels(const std::vector<std::string>& labels, json::Value& config) {
  json::Value names = json::Object{}, ids = json::Object{};
  for (size_t i = 0; i < labels.size(); ++i) {
    names.Set(StrCat(i), labels[i]);
    ids.Set(labels[i], static_cast<int64_t>(i));
  }
  config.Set("id2label", std::move(names));
  config.Set("label2id", std::move(ids));
  if (config.Find("num_labels")) config.Set("num_labels", static_cast<int64_t>(labels.size()));
}

}  // namespace

bool SetPurpose(Task task, const std::vector<std::string>& labels, json::Value& config) {
  const std::string before = ArchitectureOf(config);
  const std::string after = StrCat(FamilyPart(before), PurposeOf(task));
  bool fresh = before != after;
  if (fresh) config.Set("architectures", json::Array{after});
  if (!labels.empty()) {
    SetLabels(labels, config);
    fresh = true;
  }
  return fresh;
}

namespace {

// The heads of one of several, under names of its own.
Status AddHead(const HeadRecipe& head, const format::ModelFiles& files, encoder::EncoderConfig& into) {
  format::ModelFiles own = files;
  SetPurpose(head.task, head.labels, own.config);
  PANO_ASSIGN_OR_RETURN(encoder::EncoderConfig config, encoder::ReadEncoderConfig(own));
  if (config.heads.size() != 1) return Unimplemented(StrCat(files.path, ": has no head for ", TaskName(head.task)));
  encoder::HeadConfig one = config.heads[0];
  one.output = head.name;
  for (encoder::Stage& stage : one.stages) {
    if (!stage.name.empty()) stage.name = StrCat("heads.", head.name, ".", stage.name);
    if (!stage.bias_name.empty()) stage.bias_name = StrCat("heads.", head.name, ".", stage.bias_name);
  }
  into.heads.push_back(std::move(one));
  return {};
}

Status CheckTask(const Recipe& recipe, const format::ModelFiles& files, bool is_encoder) {
  if (IsCausal(recipe.task) && is_encoder) {
    return recipe.Wrong("model", StrCat(files.path, " is an encoder, which task ", TaskName(recipe.task), " cannot train"));
  }
  if (!IsCausal(recipe.task) && !is_encoder) {
    return recipe.Wrong("model", StrCat(files.path, " is a decoder, which task ", TaskName(recipe.task), " cannot train"));
  }
  if (files.kind == format::ModelFiles::Kind::kSafetensors) {
    return recipe.Wrong("model", StrCat(files.path, " is weights alone: expected a folder with config.json, or a GGUF file"));
  }
  if (files.kind == format::ModelFiles::Kind::kGguf && !recipe.adapter) {
    return recipe.Wrong("model", StrCat(files.path, " is a GGUF file, whose weights are not trained: add 'adapter', or take a folder"));
  }
  return {};
}

Status CheckHead(const Recipe& recipe, const BaseModel& base) {
  if (!base.spec.encoder || !recipe.heads.empty()) return {};
  const encoder::EncoderConfig& config = *base.spec.encoder;
  const bool classifies = recipe.task == Task::kSequenceClassification || recipe.task == Task::kTokenClassification;
  if (classifies && (config.problem_type == "regression" || config.problem_type == "multi_label_classification")) {
    return Unimplemented(StrCat(base.files.path, ": problem_type '", config.problem_type, "' cannot be trained: one label a text or token can"));
  }
  if (classifies && config.labels.size() < 2) {
    return recipe.Wrong("labels", StrCat(base.files.path, " has ", config.labels.size(), " labels: 'labels' says which there are"));
  }
  return {};
}

Result<format::ModelFiles> OpenFiles(const Recipe& recipe) {
  if (recipe.model.config.is_null()) {
    const std::string path = ResolvePath(recipe, recipe.model.path);
    auto files = format::OpenModel(path);
    if (!files.ok() && files.error().code() == StatusCode::kNotFound) {
      return recipe.Wrong("model", files.error().message());
    }
    return files;
  }
  format::ModelFiles files;
  files.kind = format::ModelFiles::Kind::kHuggingFace;
  files.path = StrCat(recipe.file, ": model.config");
  files.config = recipe.model.config;
  if (!files.config.Find("model_type")) return recipe.Wrong("model.config", "'model_type' is missing");
  return files;
}

// config.json without "architectures" says what a decoder's family is called by its own class.
void NameClass(format::ModelFiles& files) {
  if (!ArchitectureOf(files.config).empty() || files.kind != format::ModelFiles::Kind::kHuggingFace) return;
  const json::Value* type = files.config.Find("model_type");
  if (!type || !type->is_string()) return;
  for (const nn::Family* family : nn::Families()) {
    if (family->name == type->as_string()) files.config.Set("architectures", json::Array{json::Value(family->hf_class)});
  }
}

}  // namespace

std::string ResolvePath(const Recipe& recipe, const std::string& path) {
  if (FileExists(path) || IsDirectory(path)) return path;
  const std::string beside = JoinPath(FolderName(recipe.file), path);
  return FileExists(beside) || IsDirectory(beside) ? beside : path;
}

Result<BaseModel> OpenBaseModel(const Recipe& recipe) {
  BaseModel base;
  PANO_ASSIGN_OR_RETURN(base.files, OpenFiles(recipe));
  NameClass(base.files);
  const bool is_encoder = encoder::IsEncoder(base.files);
  PANO_RETURN_IF_ERROR(CheckTask(recipe, base.files, is_encoder));
  if (is_encoder) {
    const bool several = !recipe.heads.empty();
    base.fresh_heads = SetPurpose(several ? Task::kEmbedding : recipe.task, recipe.labels, base.files.config) || several;
  }
  PANO_ASSIGN_OR_RETURN(base.spec, ReadModelSpec(base.files, /*gguf=*/recipe.adapter.has_value()));
  if (!recipe.heads.empty()) {
    base.spec.encoder->heads.clear();
    for (const HeadRecipe& head : recipe.heads) {
      PANO_RETURN_IF_ERROR(AddHead(head, base.files, *base.spec.encoder));
    }
  }
  PANO_RETURN_IF_ERROR(CheckHead(recipe, base));
  return base;
}

RowLimits BaseModel::limits(const Recipe& recipe) const {
  RowLimits limits;
  limits.vocab_size = spec.config.vocab_size;
  limits.length_max = spec.encoder ? spec.encoder->max_length : spec.config.context_length;
  limits.token_types = spec.config.token_types;
  if (spec.encoder && (recipe.task == Task::kSequenceClassification || recipe.task == Task::kTokenClassification)) {
    limits.label_count = static_cast<int64_t>(spec.encoder->labels.size());
  }
  for (const HeadRecipe& head : recipe.heads) limits.head_labels.push_back(static_cast<int64_t>(head.labels.size()));
  return limits;
}

}  // namespace pano::train
