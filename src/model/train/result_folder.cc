#include "model/train/result_folder.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/strings.h"
#include "model/adapter/write_adapter.h"
#include "model/convert/output.h"
#include "model/format/safetensors_write.h"
#include "model/nn/weights/weight_names.h"
#include "model/train/module_weights.h"
#include "model/train/run/checkpoint/weight_files.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

constexpr uint64_t kCopiedBytesMax = uint64_t{256} << 20;  // of a file beside the weights

at::ScalarType TypeOf(tensor::DType type) {
  if (type == tensor::DType::kF16) return at::kHalf;
  if (type == tensor::DType::kBF16) return at::kBFloat16;
  return type == tensor::DType::kF64 ? at::kDouble : at::kFloat;
}

tensor::DType TypeOf(at::ScalarType type) {
  if (type == at::kHalf) return tensor::DType::kF16;
  if (type == at::kBFloat16) return tensor::DType::kBF16;
  return type == at::kDouble ? tensor::DType::kF64 : tensor::DType::kF32;
}

// What a tied head, or a copy of a bias, is called: it would be stale.
bool IsCopyOfTrained(std::string_view name) {
  constexpr std::array<std::string_view, 6> kEnds = {"lm_head.weight", "decoder.weight", "decoder.bias", "vocab_projector.weight",
                                                     "vocab_projector.bias", "embed_out.weight"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); });
}

bool IsWeightFile(std::string_view name) {
  constexpr std::array<std::string_view, 12> kEnds = {".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth",
                                                      ".gguf", ".h5", ".msgpack", ".onnx", ".ckpt", ".ot"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); });
}

bool IsTokenizerFile(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json",
                                                      "merges.txt", "vocab.txt", "tokenizer.model", "added_tokens.json"};
  return std::ranges::find(kNames, name) != kNames.end();
}

// Parts of a folder that belong to a model: sentence-transformers' modules, further templates.
bool IsPartFolder(std::string_view name) {
  return name == "additional_chat_templates" || (name.size() > 2 && name[0] >= '0' && name[0] <= '9' && name[1] == '_');
}

Status CopyFile(Env& env, const std::string& from, const std::string& to) {
  PANO_ASSIGN_OR_RETURN(const FileInfo info, env.Stat(from));
  if (info.kind != FileInfo::Kind::kFile || info.bytes > kCopiedBytesMax) return {};
  PANO_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(from, kCopiedBytesMax, env));
  return WriteFile(to, bytes, env);
}

// What stands beside the weights of the base, but its card and lineage: this run writes its own.
Status CopyBeside(Env& env, const std::string& from, const std::string& to, const std::string& tokenizer) {
  if (FileInfo info; env.Stat(from).ok()) {
    info = env.Stat(from).value();
    if (info.kind != FileInfo::Kind::kFolder) return {};
    PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, env.List(from));
    for (const std::string& name : names) {
      if (name.starts_with(".") || name == "config.json" || name == "README.md" || name == "lineage.json") continue;
      if (!tokenizer.empty() && IsTokenizerFile(name)) continue;
      const std::string path = JoinPath(from, name);
      PANO_ASSIGN_OR_RETURN(info, env.Stat(path));
      if (info.kind == FileInfo::Kind::kFile) {
        if (!IsWeightFile(name)) PANO_RETURN_IF_ERROR(CopyFile(env, path, JoinPath(to, name)));
      } else if (IsPartFolder(name)) {
        PANO_RETURN_IF_ERROR(env.MakeFolder(JoinPath(to, name)));
        PANO_ASSIGN_OR_RETURN(const std::vector<std::string> inner, env.List(path));
        for (const std::string& one : inner) {
          PANO_RETURN_IF_ERROR(CopyFile(env, JoinPath(path, one), JoinPath(JoinPath(to, name), one)));
        }
      }
    }
  }
  return {};
}

Status CopyTokenizer(Env& env, const std::string& from, const std::string& to) {
  if (from.empty()) return {};
  PANO_ASSIGN_OR_RETURN(const FileInfo info, env.Stat(from));
  if (info.kind == FileInfo::Kind::kFile) return CopyFile(env, from, JoinPath(to, BaseName(from)));
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, env.List(from));
  for (const std::string& name : names) {
    if (IsTokenizerFile(name)) PANO_RETURN_IF_ERROR(CopyFile(env, JoinPath(from, name), JoinPath(to, name)));
  }
  return {};
}

// Tensors with what owns their bytes.
struct Files {
  std::vector<at::Tensor> alive;
  std::vector<StateTensor> tensors;

  void Add(const std::string& name, const at::Tensor& value) {
    at::Tensor plain = value.detach().contiguous();
    StateTensor out;
    out.name = name;
    out.dtype = TypeOf(plain.scalar_type());
    out.shape.assign(plain.sizes().begin(), plain.sizes().end());
    out.bytes = {static_cast<const std::byte*>(plain.data_ptr()), plain.nbytes()};
    tensors.push_back(std::move(out));
    alive.push_back(std::move(plain));
  }
};

Status WriteWeightFiles(Env& env, const std::string& folder, std::vector<StateTensor> tensors, uint64_t shard_bytes_max) {
  std::ranges::sort(tensors, {}, &StateTensor::name);
  for (const CheckpointFile& file : WeightFiles(std::move(tensors), shard_bytes_max)) {
    const std::string path = JoinPath(folder, file.name);
    if (!file.is_tensors) {
      PANO_RETURN_IF_ERROR(WriteFile(path, file.text, env));
      continue;
    }
    std::vector<format::TensorStream> streams;
    for (const StateTensor& t : file.tensors) {
      tensor::TensorView view{t.dtype, t.shape, t.bytes.data(), t.bytes.size()};
      streams.push_back(format::StreamOf(t.name, view));
    }
    PANO_RETURN_IF_ERROR(format::StreamSafetensors(path, streams, {{"format", "pt"}}, env));
  }
  return {};
}

// In the base's types, with what the base has besides.
Files WeightsInBaseTypes(const Trainer& trainer, const NamedTensors& weights) {
  Files files;
  const format::Weights* base = trainer.base().files.weights.get();
  std::set<std::string> written;
  for (const auto& [name, value] : weights) {
    const tensor::TensorView* view = base ? base->Find(name) : nullptr;
    files.Add(name, value.to(view ? TypeOf(view->dtype) : at::kFloat));
    written.insert(name);
  }
  if (!base) return files;
  for (const std::string& name : base->Names()) {
    if (written.contains(name) || IsCopyOfTrained(name)) continue;
    const tensor::TensorView* view = base->Find(name);
    files.tensors.push_back({name, view->dtype, view->shape, {view->data, view->bytes}});
  }
  return files;
}

Status WriteJson(Env& env, const std::string& path, const json::Value& value) {
  json::DumpOptions options;
  options.indent = 2;
  return WriteFile(path, json::Dump(value, options) + "\n", env);
}

Status WriteModel(Env& env, const std::string& folder, const Recipe& recipe, const Trainer& trainer, const ResultOptions& options) {
  at::NoGradGuard no_grad;
  const TransformerModule& module = trainer.module();
  const NamedTensors weights = AsStored(module, [&](size_t i) { return module.parameters()[i].value.detach(); });
  const Files files = WeightsInBaseTypes(trainer, weights);
  PANO_RETURN_IF_ERROR(WriteWeightFiles(env, folder, files.tensors, options.shard_bytes_max));
  const std::string tokenizer = recipe.data.tokenizer.empty() ? "" : ResolvePath(recipe, recipe.data.tokenizer);
  PANO_RETURN_IF_ERROR(CopyBeside(env, trainer.base().files.path, folder, tokenizer));
  PANO_RETURN_IF_ERROR(CopyTokenizer(env, tokenizer, folder));
  json::Value config = trainer.base().spec.hf_config;
  if (!trainer.base().files.weights) config.Set(config.Find("dtype") ? "dtype" : "torch_dtype", "float32");
  // Last: a folder without it is no model.
  return WriteJson(env, JoinPath(folder, "config.json"), config);
}

// A folder for each head: the encoder with that head alone, as the family's files have it.
Status WriteHeads(Env& env, const std::string& folder, const Recipe& recipe, const Trainer& trainer, const ResultOptions& options) {
  at::NoGradGuard no_grad;
  const TransformerModule& module = trainer.module();
  const NamedTensors weights = AsStored(module, [&](size_t i) { return module.parameters()[i].value.detach(); });
  for (const HeadRecipe& head : recipe.heads) {
    const std::string inner = JoinPath(folder, head.name);
    PANO_RETURN_IF_ERROR(env.MakeFolder(inner));
    const std::string own = StrCat("heads.", head.name, ".");
    Files files;
    for (const auto& [name, value] : weights) {
      if (name.starts_with(own)) files.Add(name.substr(own.size()), value);
      if (!name.starts_with("heads.")) files.Add(name, value);
    }
    PANO_RETURN_IF_ERROR(WriteWeightFiles(env, inner, files.tensors, options.shard_bytes_max));
    PANO_RETURN_IF_ERROR(CopyBeside(env, trainer.base().files.path, inner, ""));
    json::Value config = trainer.base().spec.hf_config;
    SetPurpose(head.task, head.labels, config);
    config.Set(config.Find("dtype") ? "dtype" : "torch_dtype", "float32");
    PANO_RETURN_IF_ERROR(WriteJson(env, JoinPath(inner, "config.json"), config));
  }
  return {};
}

Status WriteAdapterFolder(Env& env, const std::string& folder, const Trainer& trainer) {
  Files files;
  for (const Trainable& t : trainer.adapter()->tensors()) files.Add(t.name, t.value);
  std::vector<format::TensorStream> streams;
  for (const StateTensor& t : files.tensors) {
    tensor::TensorView view{t.dtype, t.shape, t.bytes.data(), t.bytes.size()};
    streams.push_back(format::StreamOf(t.name, view));
  }
  return adapter::WriteAdapter(folder, trainer.adapter()->config(), std::move(streams), env);
}

}  // namespace

Status WriteResult(const std::string& folder, const Recipe& recipe, const Trainer& trainer,
                   const ResultOptions& options, Env& env) {
  convert::FolderWriter writer(folder, env);
  PANO_RETURN_IF_ERROR(writer.Create());
  const std::string& made = writer.path();
  const Status written = trainer.adapter()       ? WriteAdapterFolder(env, made, trainer)
                         : recipe.heads.empty() ? WriteModel(env, made, recipe, trainer, options)
                                                : WriteHeads(env, made, recipe, trainer, options);
  PANO_RETURN_IF_ERROR(written.Wrap(StrCat("write ", folder)));
  return writer.Commit();
}

}  // namespace pano::train
