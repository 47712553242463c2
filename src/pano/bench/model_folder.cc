#include "pano/bench/model_folder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/strings.h"
#include "model/convert/output.h"
#include "model/format/safetensors_write.h"
#include "model/format/weights.h"

namespace pano::bench {
namespace {

using tensor::DType;

// Tokens that the model ends at, for whoever reads the folder: the tokenizer's own.
constexpr const char* kSpecialIds[] = {"bos_token_id", "eos_token_id"};

json::Value* Member(json::Value& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  for (auto& [name, value] : object.as_object()) {
    if (name == key) return &value;
  }
  return nullptr;
}

Result<json::Value> ReadJson(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return json::Parse(text, {.allow_nan = true}).Wrap(path);
}

// The type of most bytes, by the name that config.json has for it. Failures as WriteModelFolder's.
Result<std::string> TorchType(const format::ModelFiles& files) {
  size_t largest = 0;
  std::string name;
  for (const std::string& tensor : files.weights->Names()) {
    const tensor::TensorView& view = *files.weights->Find(tensor);
    const bool plain =
        view.dtype == DType::kF32 || view.dtype == DType::kF16 || view.dtype == DType::kBF16;
    if (!plain) {
      return InvalidArgument(StrCat(tensor, " has type ", tensor::Describe(view.dtype).name,
                                    "; a folder is written in f32, f16 or bf16, and pano convert "
                                    "makes other types of it"));
    }
    if (view.bytes < largest) continue;
    largest = view.bytes;
    name = view.dtype == DType::kF32   ? "float32"
           : view.dtype == DType::kF16 ? "float16"
                                       : "bfloat16";
  }
  return name;
}

struct TextFiles {
  json::Value config, generation, tokenizer, tokenizer_config;  // null: is not written
};

Status AddTokenizer(const std::string& folder, int64_t rows, bool generates, TextFiles& out) {
  PANO_ASSIGN_OR_RETURN(json::Value tokenizer, ReadJson(JoinPath(folder, "tokenizer.json")));
  auto padded = PadTokenizer(std::move(tokenizer), rows);
  if (!padded.ok() && padded.error().code() == StatusCode::kInvalidArgument) return {};
  PANO_ASSIGN_OR_RETURN(out.tokenizer, std::move(padded));
  PANO_ASSIGN_OR_RETURN(out.tokenizer_config, ReadJson(JoinPath(folder, "tokenizer_config.json")));
  if (const json::Value* length = out.config.Find("max_position_embeddings")) {
    out.tokenizer_config.Set("model_max_length", *length);
  }
  if (!generates) return {};
  PANO_ASSIGN_OR_RETURN(const json::Value own, ReadJson(JoinPath(folder, "config.json")));
  for (const char* key : kSpecialIds) {
    const json::Value* id = own.Find(key);
    if (!id) continue;
    out.config.Set(key, *id);
    out.generation.Set(key, *id);
  }
  return {};
}

std::string Pretty(const json::Value& value) { return json::Dump(value, {.indent = 2}) + "\n"; }

}  // namespace

Result<json::Value> PadTokenizer(json::Value tokenizer, int64_t rows) {
  json::Value* model = Member(tokenizer, "model");
  json::Value* vocabulary = model ? Member(*model, "vocab") : nullptr;
  if (!vocabulary || !vocabulary->is_object()) {
    return Corruption("tokenizer.json: model.vocab is missing or no object");
  }
  int64_t next = 0;
  for (const auto& [piece, id] : vocabulary->as_object()) {
    if (id.is_int()) next = std::max(next, id.as_int() + 1);
  }
  if (next > rows) {
    return InvalidArgument(StrCat("the tokenizer has ", next, " entries, the model ", rows));
  }
  json::Object& entries = vocabulary->as_object();
  entries.reserve(entries.size() + static_cast<size_t>(rows - next));
  for (; next < rows; ++next) entries.emplace_back(StrCat("<unused", next, ">"), next);
  return tokenizer;
}

Status WriteModelFolder(const format::ModelFiles& files, const std::string& tokenizer_folder,
                        const std::string& path) {
  TextFiles text;
  text.config = files.config;
  PANO_ASSIGN_OR_RETURN(std::string type, TorchType(files));
  text.config.Set("torch_dtype", std::move(type));
  const json::Value* rows = files.config.Find("vocab_size");
  const bool generates = files.config.Find("bos_token_id") || files.config.Find("eos_token_id");
  if (rows && rows->is_int()) {
    PANO_RETURN_IF_ERROR(AddTokenizer(tokenizer_folder, rows->as_int(), generates, text));
  }

  PANO_RETURN_IF_ERROR(convert::FolderWriter::Check(path, /*overwrite=*/false));
  convert::FolderWriter folder(path);
  PANO_RETURN_IF_ERROR(folder.Create());
  for (const auto& [name, value] :
       {std::pair<const char*, const json::Value&>{"config.json", text.config},
        {"generation_config.json", text.generation},
        {"tokenizer.json", text.tokenizer},
        {"tokenizer_config.json", text.tokenizer_config}}) {
    if (value.is_null()) continue;
    PANO_RETURN_IF_ERROR(folder.Write(name, Pretty(value)));
  }
  std::vector<format::TensorStream> tensors;
  for (const std::string& name : files.weights->Names()) {
    tensors.push_back(format::StreamOf(name, *files.weights->Find(name)));
  }
  PANO_RETURN_IF_ERROR(format::StreamSafetensors(JoinPath(folder.path(), "model.safetensors"),
                                                 tensors, {{"format", "pt"}}));
  return folder.Commit();
}

}  // namespace pano::bench
