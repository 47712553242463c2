#include "model/train/model_spec.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/head_tensors.h"
#include "model/nn/weights/stored_tensors.h"

namespace pano::train {
namespace {

Status CheckTrainable(const nn::ModelConfig& c, const std::string& path) {
  auto refuse = [&](std::string_view what) {
    return Unimplemented(
        StrCat(path, ": architecture '", c.architecture, "': ", what, " cannot be trained"));
  };
  for (const nn::LayerConfig& layer : c.layers) {
    if (layer.experts) return refuse("a mixture of experts");
    if (layer.kv_head_count > 0) return refuse("a number of key/value heads that differs by layer");
  }
  if (c.latent) return refuse("latent attention");
  if (c.cross_attention) return refuse("cross attention");
  if (c.relative_buckets > 0) return refuse("a relative position bias");
  return {};
}

// Heads that the files have no tensors for are left out.
void KeepHeads(const format::ModelFiles& files, encoder::EncoderConfig& config) {
  std::erase_if(config.heads, [&](const encoder::HeadConfig& head) {
    if (!head.optional || !files.weights) return head.optional;
    const std::string first = StrCat(head.stages[0].name, ".weight");
    return !files.weights->Find(nn::LocateTensor(*files.weights, first, config.optional_prefix));
  });
}

Result<ModelSpec> ReadEncoderSpec(const format::ModelFiles& files) {
  PANO_ASSIGN_OR_RETURN(encoder::EncoderConfig config, encoder::ReadEncoderConfig(files));
  if (!config.text || config.image || config.decoder) {
    return Unimplemented(StrCat(files.path, ": architecture '", config.architecture,
                                "': only encoders of texts alone can be trained"));
  }
  KeepHeads(files, config);
  ModelSpec spec;
  spec.config = config.text->model;
  spec.config.architecture = config.architecture;
  spec.names = config.text->names;
  spec.optional_prefix = config.optional_prefix;
  spec.encoder = std::move(config);
  return spec;
}

Result<ModelSpec> ReadDecoderSpec(const format::ModelFiles& files) {
  PANO_ASSIGN_OR_RETURN(nn::FamilyConfig family, nn::ReadFamilyConfig(files));
  ModelSpec spec;
  spec.config = std::move(family.config);
  spec.names = family.names;
  spec.optional_prefix = family.names.optional_prefix;
  spec.family = family.family;
  return spec;
}

// Remembers what the folder calls its tensors where that is not the family's first name.
Status NoteFileNames(const format::ModelFiles& files, ModelSpec& spec) {
  if (!files.weights) return {};
  auto note = [&](const std::string& name, std::string located) {
    if (located != name && files.weights->Find(located)) spec.file_names[name] = std::move(located);
  };
  PANO_ASSIGN_OR_RETURN(const auto stored,
                        nn::StoreTensors(TrainedTensors(spec), spec.config, spec.names));
  for (const nn::StoredTensor& tensor : stored) {
    note(StrCat(std::string_view(tensor.name).substr(0, tensor.name.find('|')), tensor.suffix()),
         nn::LocateTensor(*files.weights, tensor, spec.optional_prefix));
  }
  if (!spec.encoder) return {};
  for (const encoder::HeadConfig& head : spec.encoder->heads) {
    for (const encoder::HeadTensor& tensor : encoder::DescribeHead(head, spec.config)) {
      const std::vector<std::string_view> names = Split(tensor.name, '|');
      for (std::string_view name : names) {
        note(std::string(names.front()),
             nn::LocateTensor(*files.weights, std::string(name), spec.optional_prefix));
      }
    }
  }
  return {};
}

}  // namespace

std::vector<nn::TensorEntry> TrainedTensors(const ModelSpec& spec) {
  auto entries = spec.encoder ? nn::DescribeStack(spec.config) : nn::DescribeTensors(spec.config);
  PANO_CHECK(entries.ok());
  std::erase_if(*entries, [](const nn::TensorEntry& entry) { return entry.optional; });
  nn::SortAsWritten(*entries);
  return std::move(*entries);
}

int64_t ModelSpec::parameter_count() const {
  int64_t count = nn::ParameterCount(TrainedTensors(*this));
  if (!encoder) return count;
  for (const encoder::HeadConfig& head : encoder->heads) {
    for (const encoder::HeadTensor& tensor : encoder::DescribeHead(head, config)) {
      count += tensor::ElementCount(tensor.shape).value();
    }
  }
  return count;
}

Result<ModelSpec> ReadModelSpec(const format::ModelFiles& files, bool gguf) {
  const bool is_gguf = files.kind == format::ModelFiles::Kind::kGguf;
  if (files.kind != format::ModelFiles::Kind::kHuggingFace && !(gguf && is_gguf)) {
    return Unimplemented(StrCat(files.path, ": is no Hugging Face folder, which training reads"));
  }
  PANO_ASSIGN_OR_RETURN(
      ModelSpec spec, encoder::IsEncoder(files) ? ReadEncoderSpec(files) : ReadDecoderSpec(files));
  spec.hf_config = files.config;
  PANO_RETURN_IF_ERROR(CheckTrainable(spec.config, files.path));
  PANO_RETURN_IF_ERROR(nn::DescribeTensors(spec.config).status().Wrap(files.path));
  PANO_RETURN_IF_ERROR(NoteFileNames(files, spec).Wrap(files.path));
  return spec;
}

Status CheckSizes(const ModelSizes& s) {
  struct Limit {
    std::string_view name;
    int64_t value;
    int64_t max;
  };
  for (const Limit& l : {Limit{"vocab_size", s.vocab_size, 1 << 20},
                         {"hidden", s.hidden_size, 1 << 16},
                         {"layers", s.layer_count, 1024},
                         {"heads", s.head_count, 1024},
                         {"kv_heads", s.kv_head_count, 1024},
                         {"ffn", s.ffn_size, 1 << 18},
                         {"context", s.context_length, 1 << 20}}) {
    if (l.value < 1 || l.value > l.max) {
      return InvalidArgument(
          StrCat("[model] ", l.name, " is ", l.value, ", allowed are 1 to ", l.max));
    }
  }
  if (s.hidden_size % s.head_count != 0 || s.hidden_size / s.head_count % 2 != 0) {
    return InvalidArgument(StrCat("[model] hidden ", s.hidden_size, " does not split into ",
                                  s.head_count, " heads of an even size"));
  }
  if (s.head_count % s.kv_head_count != 0) {
    return InvalidArgument(StrCat("[model] ", s.head_count, " heads do not share ", s.kv_head_count,
                                  " kv_heads evenly"));
  }
  if (!(s.rope_theta > 0) || !(s.norm_epsilon > 0)) {
    return InvalidArgument("[model] rope_theta and norm_eps must be above 0");
  }
  return {};
}

Result<ModelSpec> MakeModelSpec(const ModelSizes& sizes) {
  PANO_RETURN_IF_ERROR(CheckSizes(sizes));
  const auto families = nn::Families();
  const auto family =
      std::ranges::find(families, sizes.family, [](const nn::Family* f) { return f->name; });
  if (family == families.end() || !(*family)->write_hf) {
    return Unimplemented(
        StrCat("[model] family '", Printable(sizes.family), "' is not one that can be written"));
  }
  nn::ModelConfig config;
  config.vocab_size = sizes.vocab_size;
  config.hidden_size = sizes.hidden_size;
  config.layer_count = sizes.layer_count;
  config.head_count = sizes.head_count;
  config.kv_head_count = sizes.kv_head_count;
  config.head_dim = config.rope.dim = config.local_rope.dim = sizes.hidden_size / sizes.head_count;
  config.ffn_size = sizes.ffn_size;
  config.context_length = sizes.context_length;
  config.layers.assign(static_cast<size_t>(sizes.layer_count), {});
  config.rope.theta = config.local_rope.theta = sizes.rope_theta;
  config.norm_epsilon = static_cast<float>(sizes.norm_epsilon);
  config.tied_embeddings = true;
  format::ModelFiles files;
  files.kind = format::ModelFiles::Kind::kHuggingFace;
  files.path = "[model]";
  files.config = json::Object{};
  files.config.Set("architectures", json::Array{(*family)->hf_class});
  files.config.Set("model_type", (*family)->name);
  (*family)->write_hf(config, files.config);
  return ReadModelSpec(files);
}

}  // namespace pano::train
