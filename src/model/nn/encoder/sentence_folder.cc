#include "model/nn/encoder/sentence_folder.h"

#include <utility>

#include "base/env.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/families/config_reader.h"
#include "model/nn/families/family.h"

namespace pano::encoder {
namespace {

constexpr size_t kConfigBytesMax = 1 << 20;

Result<json::Value> ReadJson(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kConfigBytesMax));
  return json::Parse(text, {.allow_nan = true}).Wrap(path);
}

struct Mode {
  const char* key;   // in the pooling module's config.json
  const char* name;  // in newer ones, and in answers to people
  Pooling pooling;
};
constexpr Mode kModes[] = {
    {"pooling_mode_cls_token", "cls", Pooling::kFirst},
    {"pooling_mode_mean_tokens", "mean", Pooling::kMean},
    {"pooling_mode_max_tokens", "max", Pooling::kMax},
    {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", Pooling::kMeanSqrt},
    {"pooling_mode_lasttoken", "lasttoken", Pooling::kLast},
};

Status ReadPooling(const std::string& path, int64_t hidden_size, SentenceFolder& out) {
  PANO_ASSIGN_OR_RETURN(json::Value object, ReadJson(path));
  nn::ConfigReader reader(object, path);
  const std::string named = reader.StringOr("pooling_mode", "");
  int chosen = 0;
  for (const Mode& mode : kModes) {
    const bool fallback = named.empty() && mode.pooling == Pooling::kMean;
    if (!(named.empty() ? reader.BoolOr(mode.key, fallback) : named == mode.name)) continue;
    out.head.pooling = mode.pooling;
    out.pooling = mode.name;
    ++chosen;
  }
  reader.MustEqual("pooling_mode_weightedmean_tokens", false);
  reader.MustEqual("include_prompt", true);
  const char* size_key = reader.Raw("embedding_dimension").is_null() ? "word_embedding_dimension"
                                                                     : "embedding_dimension";
  const int64_t size = reader.IntOr(size_key, 1, nn::kSizeMax, hidden_size);
  PANO_RETURN_IF_ERROR(reader.status());
  if (chosen != 1) {
    return Unimplemented(StrCat(path, ": ", chosen,
                                " pooling modes at once are not supported, only one of cls, "
                                "mean, max, mean_sqrt_len and lasttoken"));
  }
  if (size != hidden_size) {
    return Corruption(
        StrCat(path, ": ", size_key, " is ", size, ", the model's rows have ", hidden_size));
  }
  return {};
}

Status ReadDense(const std::string& folder, SentenceFolder& out) {
  const std::string path = JoinPath(folder, "config.json");
  PANO_ASSIGN_OR_RETURN(json::Value object, ReadJson(path));
  nn::ConfigReader reader(object, path);
  const int64_t size = reader.Int("out_features", 1, nn::kSizeMax);
  const bool bias = reader.BoolOr("bias", true);
  const std::string activation =
      reader.StringOr("activation_function", "torch.nn.modules.activation.Tanh");
  PANO_RETURN_IF_ERROR(reader.status());
  out.head.stages.push_back(Stage::Dense("linear", size, bias));
  if (activation.ends_with(".Tanh")) {
    out.head.stages.push_back(Stage::Tanh());
  } else if (!activation.ends_with(".Identity")) {
    return Unimplemented(
        StrCat(path, ": activation_function '", Printable(activation), "' is not supported"));
  }
  format::ModelFiles files;
  files.path = JoinPath(folder, "model.safetensors");
  PANO_ASSIGN_OR_RETURN(files.weights, format::OpenSafetensors({files.path}));
  out.dense.push_back(std::move(files));
  return {};
}

Status ReadModule(const std::string& folder, const json::Value& module, size_t number,
                  int64_t hidden_size, SentenceFolder& out) {
  const std::string source = StrCat(JoinPath(folder, "modules.json"), ": module ", number);
  const json::Value* type = module.Find("type");
  const json::Value* path = module.Find("path");
  if (!type || !type->is_string() || !path || !path->is_string()) {
    return Corruption(StrCat(source, " has no type or no path"));
  }
  const std::string& place = path->as_string();
  if (place.starts_with("/") || place.find("..") != std::string::npos) {
    return Corruption(StrCat(source, ": path '", Printable(place), "' leaves the folder"));
  }
  const std::string name = type->as_string().substr(type->as_string().rfind('.') + 1);
  if (name == "Transformer" && number == 0) {
    if (place.empty()) return {};
    return Unimplemented(StrCat(source, ": a transformer in a folder of its own is not supported"));
  }
  const std::string inner = JoinPath(folder, place);
  if (name == "Pooling" && number == 1) {
    return ReadPooling(JoinPath(inner, "config.json"), hidden_size, out);
  }
  if (name == "Normalize" && number > 1) {
    out.head.stages.push_back(Stage::UnitLength());
    return {};
  }
  if (name == "Dense" && number > 1) return ReadDense(inner, out);
  return Unimplemented(
      StrCat(source, ": '", Printable(type->as_string()), "' is not supported there"));
}

Result<int64_t> ReadAdvisedLength(const std::string& folder) {
  const std::string path = JoinPath(folder, "sentence_bert_config.json");
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path));
  if (!there) return 0;
  PANO_ASSIGN_OR_RETURN(json::Value object, ReadJson(path));
  nn::ConfigReader reader(object, path);
  const int64_t length = reader.IntOr("max_seq_length", 1, nn::kContextMax, 0);
  PANO_RETURN_IF_ERROR(reader.status());
  return length;
}

}  // namespace

Result<std::optional<SentenceFolder>> ReadSentenceFolder(const std::string& folder,
                                                         int64_t hidden_size) {
  const std::string path = JoinPath(folder, "modules.json");
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path));
  if (!there) return std::optional<SentenceFolder>();
  PANO_ASSIGN_OR_RETURN(json::Value modules, ReadJson(path));
  if (!modules.is_array() || modules.as_array().size() < 2) {
    return Unimplemented(StrCat(path, ": is no list of a transformer, a pooling and what follows"));
  }
  SentenceFolder out;
  out.head.output = "sentence_embedding";
  for (size_t i = 0; i < modules.as_array().size(); ++i) {
    PANO_RETURN_IF_ERROR(ReadModule(folder, modules.as_array()[i], i, hidden_size, out));
  }
  PANO_ASSIGN_OR_RETURN(out.advised_length, ReadAdvisedLength(folder));
  return std::optional(std::move(out));
}

Result<Head> BindSentenceHead(const SentenceFolder& folder, const nn::ModelConfig& tower) {
  Head head{folder.head, {}, tower.hidden_size};
  auto files = folder.dense.begin();
  for (const Stage& stage : folder.head.stages) {
    if (stage.kind != Stage::Kind::kDense) {
      head.stages.emplace_back();
      continue;
    }
    nn::WeightBinder bind(*files, "");
    nn::ModelConfig rows;
    rows.hidden_size = head.size;
    Head one = BindHead(bind, {.stages = {stage}}, rows, {});
    PANO_RETURN_IF_ERROR(bind.status());
    PANO_RETURN_IF_ERROR(nn::CheckAllUsed(bind, files->path, "dense", {}));
    head.size = one.size;
    head.stages.push_back(std::move(one.stages[0]));
    ++files;
  }
  return head;
}

}  // namespace pano::encoder
