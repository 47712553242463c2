#include "model/nn/weights/decoder_weights.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/nn/weights/weight_slots.h"

namespace pano::nn {
namespace {

// Takes each stored tensor out of the files, divides it into its entries, puts these into their
// slots.
class TensorBinding {
 public:
  TensorBinding(WeightBinder& bind, const ModelConfig& config,
                const std::vector<TensorEntry>& entries, DecoderWeights& weights)
      : bind_(bind), c_(config), entries_(entries), w_(weights) {}

  void Bind(const StoredTensor& stored) {
    if (stored.optional) return;
    const TensorEntry& first = entries_[stored.entries.front()];
    const std::string name = NameOfWeight(stored);
    switch (first.kind()) {
      case TensorKind::kTable:
        *TableSlot(w_, first) = bind_.Matrix(name, first.shape[0], first.shape[1]);
        return;
      case TensorKind::kNumbers:
        w_.relative_bias = bind_.Rows(name, first.shape[0], first.shape[1]);
        return;
      case TensorKind::kNorm:
        return BindNorm(first, name);
      case TensorKind::kLinear:
        if (first.part == TensorPart::kBias) return BindBias(stored, name);
        BindMatrix(stored, name);
        if (first.role == TensorRole::kLatentKvUp) SplitLatent(LayerOf(first).latent);
        return;
    }
  }

 private:
  // Without a suffix; of several names the one that the files have.
  std::string NameOfWeight(const StoredTensor& stored) const {
    std::string name;
    for (std::string_view one : Split(stored.name, '|')) {
      name = one;
      if (bind_.Has(name + ".weight")) break;
    }
    return name;
  }

  LayerWeights& LayerOf(const TensorEntry& entry) {
    const auto layer = static_cast<size_t>(entry.layer);
    if (w_.layers.size() <= layer) w_.layers.resize(layer + 1);
    return w_.layers[layer];
  }

  // The place of an entry of a linear layer; layers and experts are made room for as they come.
  Linear& LinearOf(const TensorEntry& entry) {
    if (entry.role == TensorRole::kLatentKvUp) return latent_kv_up_;
    if (entry.layer >= 0) {
      ExpertWeights& experts = LayerOf(entry).experts;
      if (entry.expert == 0) {
        const auto count = static_cast<size_t>(c_.experts.count);
        for (auto* list : {&experts.gate, &experts.up, &experts.down}) list->resize(count);
      }
    }
    return *LinearSlot(w_, entry, c_.latent.has_value());
  }

  void BindNorm(const TensorEntry& entry, const std::string& name) {
    if (entry.layer >= 0) LayerOf(entry);
    NormWeights& norm = *NormSlot(w_, entry);
    if (entry.part == TensorPart::kBias) {
      norm.bias = bind_.NormBias(name, entry.shape[0]);
    } else if (entry.shape.size() == 2) {
      norm.weight = HeadNorms(name, entry.shape[0], entry.shape[1]);
    } else {
      norm.weight = bind_.NormWeight(name, entry.shape[0], c_.norm_offset);
    }
  }

  // One norm a head: a matrix [heads, head_dim], or a vector for each head under ".norms.".
  std::vector<float> HeadNorms(const std::string& name, int64_t heads, int64_t dim) {
    std::vector<float> weight;
    if (!bind_.Has(StrCat(name, ".norms.0.weight"))) {
      weight = bind_.Rows(name, heads, dim);
      for (float& w : weight) w += c_.norm_offset;
      return weight;
    }
    for (int64_t h = 0; h < heads; ++h) {
      const std::vector<float> one =
          bind_.NormWeight(StrCat(name, ".norms.", h), dim, c_.norm_offset);
      weight.insert(weight.end(), one.begin(), one.end());
    }
    return weight;
  }

  void BindMatrix(const StoredTensor& stored, const std::string& name) {
    const TensorEntry& first = entries_[stored.entries.front()];
    if (stored.shape.size() == 3) {
      std::vector<Linear> layers =
          bind_.StackedLayers(name, stored.shape[0], stored.shape[1], stored.shape[2]);
      for (size_t i = 0; i < layers.size(); ++i) {
        LinearOf(entries_[stored.entries[i]]).weight = layers[i].weight;
      }
      return;
    }
    Linear matrix = bind_.LinearMatrix(name, stored.rows(), first.shape[1], stored.transposed);
    if (!stored.fused()) {
      LinearOf(first).weight = matrix.weight;
      return;
    }
    if (stored.groups > 1) matrix = bind_.GatherRows(matrix, EntryAfterEntry(stored));
    int64_t begin = 0;
    for (size_t i = 0; i < stored.entries.size(); ++i) {
      LinearOf(entries_[stored.entries[i]]).weight =
          bind_.RowSlice(matrix, begin, stored.RowsOf(i)).weight;
      begin += stored.RowsOf(i);
    }
  }

  // The rows of the stored tensor in the order in which its entries list them.
  static std::vector<int64_t> EntryAfterEntry(const StoredTensor& stored) {
    std::vector<int64_t> order;
    for (size_t i = 0; i < stored.entries.size(); ++i) {
      for (int64_t row = 0; row < stored.RowsOf(i); ++row) order.push_back(stored.RowOf(i, row));
    }
    return order;
  }

  void BindBias(const StoredTensor& stored, const std::string& name) {
    const std::vector<float> bias = bind_.Vector(name + ".bias", stored.rows());
    if (!bind_.status().ok()) return;
    for (size_t i = 0; i < stored.entries.size(); ++i) {
      std::vector<float>& out = LinearOf(entries_[stored.entries[i]]).bias;
      for (int64_t row = 0; row < stored.RowsOf(i); ++row) {
        out.push_back(bias[static_cast<size_t>(stored.RowOf(i, row))]);
      }
    }
  }

  void SplitLatent(LatentWeights& out) {
    const int64_t nope = c_.latent->nope_dim, value = c_.value_size(), each = nope + value;
    const Linear& kv = latent_kv_up_;
    for (int64_t h = 0; h < c_.head_count; ++h) {
      out.key_up.push_back(bind_.TransposedCopy(bind_.RowSlice(kv, h * each, nope)));
      out.value_up.push_back(bind_.RowSlice(kv, h * each + nope, value));
    }
  }

  WeightBinder& bind_;
  const ModelConfig& c_;
  const std::vector<TensorEntry>& entries_;
  DecoderWeights& w_;
  Linear latent_kv_up_;  // layers keep it head by head
};

Result<DecoderWeights> BindEntries(WeightBinder& bind, const ModelConfig& config,
                                   const std::vector<TensorEntry>& entries,
                                   const std::vector<StoredTensor>& stored) {
  DecoderWeights w;
  TensorBinding binding(bind, config, entries, w);
  for (const StoredTensor& tensor : stored) {
    binding.Bind(tensor);
    PANO_RETURN_IF_ERROR(bind.status());
  }
  return w;
}

Status ReadRopeFactors(WeightBinder& bind, const WeightNames& names, const std::string& path,
                       RopeConfig& rope, std::vector<float>& factors) {
  auto read = [&](const char* name) {
    std::vector<float> out;
    if (name && bind.Has(StrCat(name, ".weight")))
      out = bind.Vector(StrCat(name, ".weight"), rope.pairs());
    for (float factor : out) {
      if (!(factor > 0)) {
        bind.Fail(Corruption(
            StrCat(path, ": tensor ", name, ".weight has a factor that is not positive")));
      }
    }
    return out;
  };
  factors = read(names.rope_factors);
  std::vector<float> longs = read(names.rope_long_factors), shorts = read(names.rope_short_factors);
  if (!longs.empty() && !shorts.empty()) {
    rope.scaling = RopeConfig::Scaling::kLongRope;
    rope.long_factors.assign(longs.begin(), longs.end());
    rope.short_factors.assign(shorts.begin(), shorts.end());
  }
  if (rope.scaling == RopeConfig::Scaling::kLongRope &&
      (rope.long_factors.empty() || rope.short_factors.empty())) {
    bind.Fail(Corruption(StrCat(path, ": longrope has no factors")));
  }
  return bind.status();
}

}  // namespace

Result<DecoderWeights> BindLayers(WeightBinder& bind, const ModelConfig& config,
                                  const WeightNames& names) {
  PANO_ASSIGN_OR_RETURN(const std::vector<TensorEntry> entries, DescribeStack(config));
  PANO_ASSIGN_OR_RETURN(const std::vector<StoredTensor> stored,
                        StoreTensors(entries, config, names));
  return BindEntries(bind, config, entries, stored);
}

Status CheckAllUsed(const WeightBinder& bind, const std::string& path,
                    std::string_view architecture, std::span<const std::string> ignorable) {
  for (const std::string& name : bind.Unused()) {
    const bool known = std::ranges::any_of(
        ignorable, [&](const std::string& start) { return name.starts_with(start); });
    if (known || IsBuffer(name)) continue;
    return Unimplemented(StrCat(path, ": tensor ", Printable(name), " belongs to nothing that ",
                                "architecture '", architecture, "' is known to have"));
  }
  return {};
}

Result<DecoderWeights> BindWeights(const format::ModelFiles& files, FamilyConfig& family) {
  ModelConfig& c = family.config;
  const WeightNames& names = family.names;
  PANO_ASSIGN_OR_RETURN(const std::vector<TensorEntry> entries,
                        DescribeTensors(c).Wrap(files.path));
  PANO_ASSIGN_OR_RETURN(const std::vector<StoredTensor> stored,
                        StoreTensors(entries, c, names).Wrap(files.path));
  WeightBinder bind(files, names.optional_prefix);
  PANO_ASSIGN_OR_RETURN(DecoderWeights w, BindEntries(bind, c, entries, stored));
  if (c.tied_embeddings) w.head.weight = w.embedding;
  PANO_RETURN_IF_ERROR(ReadRopeFactors(bind, names, files.path, c.rope, w.rope_factors));
  PANO_RETURN_IF_ERROR(bind.status());
  std::vector<std::string> ignorable;
  if (c.tied_embeddings) ignorable.push_back(StrCat(names.head, ".weight"));
  PANO_RETURN_IF_ERROR(CheckAllUsed(bind, files.path, c.architecture, ignorable));
  w.files = files.weights;
  w.owned = bind.TakeOwned();
  return w;
}

}  // namespace pano::nn
