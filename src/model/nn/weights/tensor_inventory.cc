// The one walk over a ModelConfig that says which tensors the model has. Binding, conversion,
// quantisation, random weights, reports and training read it; what files call the tensors and how
// they fuse them stands in stored_tensors.h.
#include "model/nn/weights/tensor_inventory.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/strings.h"
#include "model/nn/model_config.h"

namespace pano::nn {
namespace {

using Role = TensorRole;

class Inventory {
 public:
  explicit Inventory(const ModelConfig& config)
      : c_(config), group_(config.head_count / config.kv_head_count) {}

  void Stack() {
    if (c_.vocab_size > 0) {
      Add({.role = Role::kEmbedding, .shape = {c_.vocab_size, c_.hidden_size}, .shard = kRows});
    }
    if (c_.learned_positions > 0) {
      Add({.role = Role::kPositions, .shape = {c_.learned_positions, c_.hidden_size}});
    }
    if (c_.token_types > 0) {
      Add({.role = Role::kTokenTypes, .shape = {c_.token_types, c_.hidden_size}});
    }
    if (c_.embedding_norm) Norm(Role::kEmbeddingNorm, c_.hidden_size);
    if (c_.relative_buckets > 0) {
      Add({.role = Role::kRelativeBias,
           .shape = {c_.relative_buckets, c_.head_count},
           .shard = kColumns,
           .shard_unit = group_});
    }
    for (int64_t i = 0; i < c_.layer_count && status_.ok(); ++i) Layer(i);
    layer_ = -1;
    if (c_.final_norm) Norm(Role::kFinalNorm, c_.hidden_size);
  }

  void Head() {
    if (c_.tied_embeddings && !entries_.empty() && entries_.front().role == Role::kEmbedding) {
      entries_.front().linear = true;
    }
    Add({.role = Role::kHead,
         .shape = {c_.vocab_size, c_.hidden_size},
         .shard = kRows,
         .linear = !c_.tied_embeddings,
         .optional = c_.tied_embeddings});
    if (c_.head_bias) {
      Add({.role = Role::kHead,
           .part = TensorPart::kBias,
           .shape = {c_.vocab_size},
           .shard = kRows});
    }
    if (c_.head_transform) {
      Linear(Role::kHeadDense, c_.hidden_size, c_.hidden_size, c_.head_transform_bias, {});
      Norm(Role::kHeadNorm, c_.hidden_size);
    }
    if (c_.rope.dim == 0) return;
    for (Role role : {Role::kRopeFactors, Role::kRopeLongFactors, Role::kRopeShortFactors}) {
      Add({.role = role, .shape = {c_.rope.pairs()}, .optional = true});
    }
  }

  Result<std::vector<TensorEntry>> Take() && {
    PANO_RETURN_IF_ERROR(status_);
    return std::move(entries_);
  }

 private:
  static constexpr ShardAxis kRows = ShardAxis::kRows, kColumns = ShardAxis::kColumns;
  struct Shard {
    ShardAxis axis = ShardAxis::kNone;
    int64_t unit = 1;
  };

  void Add(TensorEntry entry) {
    if (!status_.ok()) return;
    if (entries_.size() == kTensorEntriesMax) {
      status_ = InvalidArgument(StrCat("a model of more than ", kTensorEntriesMax, " tensors"));
      return;
    }
    entry.layer = layer_;
    entries_.push_back(std::move(entry));
  }

  // A bias goes with the outputs: of a matrix that is cut by inputs every rank has all of it.
  void Linear(Role role, int64_t out, int64_t in, bool bias, Shard shard, int32_t expert = -1) {
    Add({.role = role,
         .expert = expert,
         .shape = {out, in},
         .shard = shard.axis,
         .shard_unit = shard.unit,
         .linear = role != Role::kRouter});  // small, and decides: it stays exact
    if (!bias) return;
    const bool cut = shard.axis == kRows;
    Add({.role = role,
         .part = TensorPart::kBias,
         .expert = expert,
         .shape = {out},
         .shard = cut ? kRows : ShardAxis::kNone,
         .shard_unit = cut ? shard.unit : 1});
  }

  void Norm(Role role, int64_t size) { Norm(role, {size}, c_.norm_bias, {}); }
  void Norm(Role role, tensor::Shape shape, bool bias, Shard shard) {
    const int64_t size = shape.back();
    Add({.role = role, .shape = std::move(shape), .shard = shard.axis, .shard_unit = shard.unit});
    if (!bias) return;
    Add({.role = role,
         .part = TensorPart::kBias,
         .shape = {size},
         .shard = shard.axis,
         .shard_unit = shard.unit});
  }

  void Layer(int64_t layer) {
    layer_ = static_cast<int32_t>(layer);
    Norms();
    if (c_.latent) {
      Latent();
    } else {
      Attention();
    }
    if (c_.cross_attention) Cross();
    if (c_.layers[static_cast<size_t>(layer)].experts) {
      Experts();
    } else {
      FeedForward();
    }
  }

  void Norms() {
    const int64_t hidden = c_.hidden_size;
    if (c_.norm_placement == NormPlacement::kBefore ||
        c_.norm_placement == NormPlacement::kAround) {
      if (layer_ > 0 || c_.first_norm) Norm(Role::kAttentionNorm, hidden);
      if (!c_.shared_norm) Norm(Role::kFfnNorm, hidden);
    }
    if (c_.norm_placement != NormPlacement::kBefore) {
      Norm(Role::kAttentionPostNorm, hidden);
      Norm(Role::kFfnPostNorm, hidden);
    }
  }

  // A rank has whole key/value heads, each with the query heads that share it.
  int64_t KvHeadCount() const { return c_.kv_heads(static_cast<size_t>(layer_)); }
  Shard QueryHeads(ShardAxis axis, int64_t dim) const {
    return {axis, c_.head_count / KvHeadCount() * dim};
  }
  Shard KvHeads(int64_t dim) const { return {kRows, dim}; }

  void Attention() {
    const int64_t dim = c_.head_dim, value = c_.value_size(), kv_heads = KvHeadCount();
    Linear(Role::kQuery, c_.head_count * dim, c_.hidden_size, c_.qkv_bias, QueryHeads(kRows, dim));
    Linear(Role::kKey, kv_heads * dim, c_.hidden_size, c_.qkv_bias, KvHeads(dim));
    Linear(Role::kValue, kv_heads * value, c_.hidden_size, c_.qkv_bias, KvHeads(value));
    Output(Role::kAttentionOutput);
    QkNorm(Role::kQueryNorm, c_.head_count, c_.head_count / kv_heads);
    QkNorm(Role::kKeyNorm, kv_heads, 1);
  }

  void Output(Role role) {
    Linear(role, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias,
           QueryHeads(kColumns, c_.value_size()));
  }

  // A norm over the whole row of heads is cut with them: its statistics are then the ranks' sum.
  void QkNorm(Role role, int64_t heads, int64_t heads_per_unit) {
    switch (c_.qk_norm) {
      case QkNorm::kNone:
        return;
      case QkNorm::kHead:
        return Norm(role, {c_.head_dim}, c_.qk_norm_bias, {});
      case QkNorm::kHeads:
        return Norm(role, {heads, c_.head_dim}, /*bias=*/false, {kRows, heads_per_unit});
      case QkNorm::kRow:
        return Norm(role, {heads * c_.head_dim}, c_.qk_norm_bias,
                    {kRows, heads_per_unit * c_.head_dim});
    }
  }

  void Latent() {
    const LatentConfig& l = *c_.latent;
    const int64_t dim = l.nope_dim + l.rope_dim, value = c_.value_size();
    if (l.q_rank > 0) {
      Linear(Role::kLatentQueryDown, l.q_rank, c_.hidden_size, c_.qkv_bias, {});
      Norm(Role::kLatentQueryNorm, l.q_rank);
      Linear(Role::kLatentQueryUp, c_.head_count * dim, l.q_rank, false, {kRows, dim});
    } else {
      Linear(Role::kQuery, c_.head_count * dim, c_.hidden_size, false, {kRows, dim});
    }
    Linear(Role::kLatentKvDown, l.kv_rank + l.rope_dim, c_.hidden_size, c_.qkv_bias, {});
    Norm(Role::kLatentKvNorm, l.kv_rank);
    Linear(Role::kLatentKvUp, c_.head_count * (l.nope_dim + value), l.kv_rank, false,
           {kRows, l.nope_dim + value});
    entries_.back().cut_rows = std::gcd(l.nope_dim, value);
    Linear(Role::kAttentionOutput, c_.hidden_size, c_.head_count * value, c_.output_bias,
           {kColumns, value});
  }

  void Cross() {
    const int64_t dim = c_.head_dim, value = c_.value_size(), kv_heads = KvHeadCount();
    Norm(Role::kCrossNorm, c_.hidden_size);
    Linear(Role::kCrossQuery, c_.head_count * dim, c_.hidden_size, c_.qkv_bias,
           QueryHeads(kRows, dim));
    Linear(Role::kCrossKey, kv_heads * dim, c_.hidden_size, c_.qkv_bias, KvHeads(dim));
    Linear(Role::kCrossValue, kv_heads * value, c_.hidden_size, c_.qkv_bias, KvHeads(value));
    Output(Role::kCrossOutput);
  }

  void FeedForward() {
    const int64_t hidden = c_.hidden_size, size = c_.ffn_size;
    if (c_.gated) Linear(Role::kGate, size, hidden, c_.mlp_bias, {kRows});
    Linear(Role::kUp, size, hidden, c_.mlp_bias, {kRows});
    Linear(Role::kDown, hidden, size, c_.mlp_bias, {kColumns});
  }

  void Experts() {
    const ExpertConfig& e = c_.experts;
    const int64_t hidden = c_.hidden_size;
    Linear(Role::kRouter, e.count, hidden, false, {});
    Expert(Role::kExpertGate, e.size, hidden, kRows);
    Expert(Role::kExpertUp, e.size, hidden, kRows);
    Expert(Role::kExpertDown, hidden, e.size, kColumns);
    if (e.shared_size == 0) return;
    Linear(Role::kSharedGate, e.shared_size, hidden, false, {kRows});
    Linear(Role::kSharedUp, e.shared_size, hidden, false, {kRows});
    Linear(Role::kSharedDown, hidden, e.shared_size, false, {kColumns});
    if (e.shared_gate) Linear(Role::kSharedRouter, 1, hidden, false, {});
  }

  void Expert(Role role, int64_t out, int64_t in, ShardAxis axis) {
    for (int64_t e = 0; e < c_.experts.count && status_.ok(); ++e) {
      Linear(role, out, in, false, {axis}, static_cast<int32_t>(e));
    }
  }

  const ModelConfig& c_;
  const int64_t group_;  // query heads of a key/value head
  int32_t layer_ = -1;
  std::vector<TensorEntry> entries_;
  Status status_;
};

}  // namespace

TensorKind KindOf(TensorRole role) {
  switch (role) {
    case Role::kEmbedding:
    case Role::kPositions:
    case Role::kTokenTypes:
      return TensorKind::kTable;
    case Role::kEmbeddingNorm:
    case Role::kAttentionNorm:
    case Role::kLatentQueryNorm:
    case Role::kLatentKvNorm:
    case Role::kQueryNorm:
    case Role::kKeyNorm:
    case Role::kAttentionPostNorm:
    case Role::kCrossNorm:
    case Role::kFfnNorm:
    case Role::kFfnPostNorm:
    case Role::kFinalNorm:
    case Role::kHeadNorm:
      return TensorKind::kNorm;
    case Role::kRelativeBias:
    case Role::kRopeFactors:
    case Role::kRopeLongFactors:
    case Role::kRopeShortFactors:
      return TensorKind::kNumbers;
    default:
      return TensorKind::kLinear;
  }
}

ModelPart PartOf(TensorRole role) {
  switch (role) {
    case Role::kEmbedding:
    case Role::kPositions:
    case Role::kTokenTypes:
      return ModelPart::kEmbedding;
    case Role::kGate:
    case Role::kUp:
    case Role::kDown:
      return ModelPart::kFeedForward;
    case Role::kRouter:
    case Role::kExpertGate:
    case Role::kExpertUp:
    case Role::kExpertDown:
    case Role::kSharedGate:
    case Role::kSharedUp:
    case Role::kSharedDown:
    case Role::kSharedRouter:
      return ModelPart::kExperts;
    case Role::kHead:
    case Role::kHeadDense:
      return ModelPart::kHead;
    case Role::kRopeFactors:
    case Role::kRopeLongFactors:
    case Role::kRopeShortFactors:
      return ModelPart::kOther;
    default:
      return KindOf(role) == TensorKind::kNorm ? ModelPart::kNorms : ModelPart::kAttention;
  }
}

Result<std::vector<TensorEntry>> DescribeTensors(const ModelConfig& config) {
  Inventory inventory(config);
  inventory.Stack();
  inventory.Head();
  return std::move(inventory).Take();
}

Result<std::vector<TensorEntry>> DescribeStack(const ModelConfig& config) {
  Inventory inventory(config);
  inventory.Stack();
  return std::move(inventory).Take();
}

bool WrittenBefore(const TensorEntry& a, const TensorEntry& b) {
  auto key = [](const TensorEntry& entry) {
    const int zone = entry.layer >= 0 ? 1 : entry.role < Role::kAttentionNorm ? 0 : 2;
    return std::tuple(zone, entry.layer, entry.role);
  };
  return key(a) < key(b);
}

void SortAsWritten(std::vector<TensorEntry>& entries) {
  std::ranges::stable_sort(entries, WrittenBefore);
}

std::optional<ShardRange> ShardOf(const TensorEntry& entry, int rank, int ranks) {
  if (entry.shard == ShardAxis::kNone) return ShardRange{};
  const int64_t size = entry.shard == ShardAxis::kRows ? entry.shape.front() : entry.shape.back();
  const int64_t units = size / entry.shard_unit;
  if (units % ranks != 0) return std::nullopt;
  const int64_t count = units / ranks * entry.shard_unit;
  return ShardRange{rank * count, count};
}

int64_t ParameterCount(const std::vector<TensorEntry>& entries) {
  int64_t count = 0;
  for (const TensorEntry& entry : entries) {
    if (!entry.optional) count += tensor::ElementCount(entry.shape).value();
  }
  return count;
}

}  // namespace pano::nn
