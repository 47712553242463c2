#include "model/nn/weights/tensor_parallel.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "model/nn/weights/matrix_slice.h"
#include "model/nn/weights/weight_names.h"
#include "model/nn/weights/weight_slots.h"

namespace pano::nn {
namespace {

using Axis = ops::ShardSpec::Axis;

// What stays whole although the inventory could cut it: then every rank has all logits.
bool StaysWhole(TensorRole role) {
  return role == TensorRole::kEmbedding || role == TensorRole::kHead;
}

template <typename T>
void KeepRange(std::vector<T>& list, int64_t begin, int64_t count) {
  list.erase(list.begin() + begin + count, list.end());
  list.erase(list.begin(), list.begin() + begin);
}

class RankKeeper {
 public:
  RankKeeper(int rank, int ranks, const ModelConfig& config, DecoderWeights& weights)
      : rank_(rank), ranks_(ranks), config_(config), weights_(weights) {}

  Status Keep(const TensorEntry& entry) {
    const auto range = ShardOf(entry, rank_, ranks_);
    if (!range) {
      return InvalidArgument(StrCat("shape ", tensor::ShapeText(entry.shape), " in units of ",
                                    entry.shard_unit, " does not divide among ", ranks_,
                                    " ranks"));
    }
    if (entry.role == TensorRole::kLatentKvUp) return KeepLatentHeads(entry, *range);
    if (entry.role == TensorRole::kRelativeBias) return KeepRelativeBias(*range);
    if (NormWeights* norm = NormSlot(weights_, entry)) return KeepHeadNorms(entry, *range, *norm);
    Linear* linear = LinearSlot(weights_, entry, config_.latent.has_value());
    PANO_CHECK(linear != nullptr);
    if (entry.part == TensorPart::kBias) {
      KeepRange(linear->bias, range->begin, range->count);
      return {};
    }
    const bool by_rows = entry.shard == ShardAxis::kRows;
    linear->shard = {by_rows ? Axis::kOut : Axis::kIn, rank_, ranks_};
    PANO_ASSIGN_OR_RETURN(
        linear->weight,
        by_rows ? SliceRows(linear->weight, range->begin, range->count)
                : SliceColumns(linear->weight, range->begin, range->count, weights_.owned));
    return {};
  }

 private:
  // The up-projection is kept as two matrices a head.
  Status KeepLatentHeads(const TensorEntry& entry, const ShardRange& range) {
    LatentWeights& latent = weights_.layers[static_cast<size_t>(entry.layer)].latent;
    const int64_t begin = range.begin / entry.shard_unit, count = range.count / entry.shard_unit;
    KeepRange(latent.key_up, begin, count);
    KeepRange(latent.value_up, begin, count);
    for (auto* list : {&latent.key_up, &latent.value_up}) {
      for (Linear& linear : *list) linear.shard = {Axis::kOut, rank_, ranks_};
    }
    return {};
  }

  Status KeepRelativeBias(const ShardRange& range) {
    const int64_t heads = config_.head_count;
    std::vector<float> kept;
    for (int64_t b = 0; b < config_.relative_buckets; ++b) {
      const auto from = weights_.relative_bias.begin() + b * heads + range.begin;
      kept.insert(kept.end(), from, from + range.count);
    }
    weights_.relative_bias = std::move(kept);
    return {};
  }

  // A weight for each head, [heads, head_dim]. (A norm over the whole row would need the other
  // ranks' squares.)
  Status KeepHeadNorms(const TensorEntry& entry, const ShardRange& range, NormWeights& norm) {
    if (config_.qk_norm == QkNorm::kRow) {
      return Unimplemented("a norm over all heads together cannot be divided among ranks");
    }
    PANO_CHECK(entry.part == TensorPart::kWeight);
    KeepRange(norm.weight, range.begin * config_.head_dim, range.count * config_.head_dim);
    return {};
  }

  const int rank_, ranks_;
  const ModelConfig& config_;
  DecoderWeights& weights_;
};

std::string NameOf(const TensorEntry& entry) {
  return StrCat("[nn] tensor-parallel: layer ", entry.layer, ", ", RoleName(entry.role),
                entry.expert >= 0 ? StrCat(" of expert ", entry.expert) : "");
}

}  // namespace

Status KeepRank(int rank, int ranks, ModelConfig& config, DecoderWeights& weights) {
  PANO_CHECK(ranks >= 1 && rank >= 0 && rank < ranks);
  if (ranks == 1) return {};
  PANO_ASSIGN_OR_RETURN(const std::vector<TensorEntry> entries, DescribeTensors(config));
  RankKeeper keeper(rank, ranks, config, weights);
  for (const TensorEntry& entry : entries) {
    if (entry.shard == ShardAxis::kNone || StaysWhole(entry.role)) continue;
    const Status status = keeper.Keep(entry);
    if (!status.ok()) return status.Wrap(NameOf(entry));
  }
  config.head_count /= ranks;
  config.kv_head_count = std::max<int64_t>(1, config.kv_head_count / ranks);  // latent: of no use
  for (LayerConfig& layer : config.layers) layer.kv_head_count /= ranks;
  config.ffn_size /= ranks;
  config.experts.size /= ranks;
  config.experts.shared_size /= ranks;
  return {};
}

}  // namespace pano::nn
