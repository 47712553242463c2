#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/nn/fwd.h"
#include "model/tensor/tensor.h"

namespace pano::nn {

// What a tensor does in a transformer, whatever a file calls it. In the order in which tensors are
// written: in front of the layers, one layer, behind the layers.
enum class TensorRole : uint8_t {
  kEmbedding,
  kPositions,
  kTokenTypes,
  kEmbeddingNorm,
  kRelativeBias,  // [buckets, heads], one for all layers

  kAttentionNorm,  // before attention
  kQuery,
  kKey,
  kValue,
  kLatentQueryDown,  // latent attention: hidden to q_rank
  kLatentQueryNorm,
  kLatentQueryUp,  // q_rank to all heads
  kLatentKvDown,   // hidden to [kv_rank, shared rotary key]
  kLatentKvNorm,
  kLatentKvUp,  // kv_rank to each head's key without rotation and its value
  kAttentionOutput,
  kQueryNorm,
  kKeyNorm,
  kAttentionPostNorm,  // after attention, or of the residual sum
  kCrossNorm,
  kCrossQuery,
  kCrossKey,
  kCrossValue,
  kCrossOutput,
  kFfnNorm,
  kGate,
  kUp,
  kDown,
  kRouter,
  kExpertGate,
  kExpertUp,
  kExpertDown,
  kSharedGate,  // the expert that every token goes to
  kSharedUp,
  kSharedDown,
  kSharedRouter,
  kFfnPostNorm,

  kFinalNorm,
  kHead,
  kHeadDense,  // the transform between the final norm and the head
  kHeadNorm,
  kRopeFactors,  // divisors of the rotary frequencies
  kRopeLongFactors,
  kRopeShortFactors,
};
inline constexpr size_t kTensorRoleCount = static_cast<size_t>(TensorRole::kRopeShortFactors) + 1;

enum class TensorPart : uint8_t { kWeight, kBias };

enum class TensorKind : uint8_t {
  kTable,    // [rows, hidden]: rows are looked up
  kNorm,     // the weight or bias of a norm
  kLinear,   // the matrix [out, in] or the bias [out] of a linear layer
  kNumbers,  // read as they are: rotary factors, relative biases
};
TensorKind KindOf(TensorRole role);

// The parts of a model that reports count by.
enum class ModelPart : uint8_t {
  kEmbedding,
  kNorms,
  kAttention,
  kFeedForward,
  kExperts,
  kHead,
  kOther
};
ModelPart PartOf(TensorRole role);

// The axis along which the ranks of a tensor-parallel run divide a tensor (Shoeybi et al.,
// "Megatron-LM", 2019).
enum class ShardAxis : uint8_t {
  kNone,     // every rank has all of it
  kRows,     // of outputs: "column parallel", each rank computes its part of the output
  kColumns,  // of inputs: "row parallel", the ranks' outputs are summed, then the bias is added
             // once
};

// One tensor of a model, as the layers see it: queries, keys and values apart, experts apart,
// matrices [out, in].
struct TensorEntry {
  TensorRole role = TensorRole::kEmbedding;
  TensorPart part = TensorPart::kWeight;
  int32_t layer = -1;   // -1: of none
  int32_t expert = -1;  // -1: of none
  tensor::Shape shape = {};
  ShardAxis shard = ShardAxis::kNone;
  // Rows or columns that stay on one rank: whole heads, query heads with their key/value head. The
  // axis is a multiple of it.
  int64_t shard_unit = 1;
  // A matrix that a token is multiplied with and that quantisation may lay out anew; an embedding
  // where it is the head too.
  bool linear = false;
  // Binding cuts the matrix at multiples of so many rows (latent attention: each head's keys from
  // its values); 0: it stays whole.
  int64_t cut_rows = 0;
  // Files may lack it: rotary factors, and the copy of a tied embedding as head, which nothing
  // reads.
  bool optional = false;

  TensorKind kind() const { return KindOf(role); }
};

// Entries that one description may have; more than any model's.
inline constexpr size_t kTensorEntriesMax = size_t{1} << 18;

// Everything that a decoder is made of, in the order in which it is bound: the embeddings, layer
// after layer, the final norm, the head, rotary factors. A bias follows its weight. Pure: reads no
// file. InvalidArgument where there would be more than kTensorEntriesMax. REQUIRES:
// CheckModelConfig.
Result<std::vector<TensorEntry>> DescribeTensors(const ModelConfig& config);

// The same without what follows the final norm: what a tower of an encoder consists of. Without
// vocab_size there is no embedding (a tower over images).
Result<std::vector<TensorEntry>> DescribeStack(const ModelConfig& config);

// Whether files are written with `a` before `b`: in front of the layers, layer after layer in the
// order of roles, behind them.
bool WrittenBefore(const TensorEntry& a, const TensorEntry& b);
void SortAsWritten(std::vector<TensorEntry>& entries);  // stable

// The part of an entry's shard axis that one of `ranks` has: whole units, evenly. None where the
// units do not divide evenly; all of it for ShardAxis::kNone (0 and 0: there is no axis).
struct ShardRange {
  int64_t begin = 0, count = 0;
};
std::optional<ShardRange> ShardOf(const TensorEntry& entry, int rank, int ranks);

// Parameters of what no entry marks as optional.
int64_t ParameterCount(const std::vector<TensorEntry>& entries);

// Bytes of those in the types that `type_of(entry)` gives. Corruption for rows that are no whole
// blocks of their type.
template <typename TypeOf>
Result<uint64_t> WeightBytes(const std::vector<TensorEntry>& entries, TypeOf type_of) {
  uint64_t sum = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.optional) continue;
    PANO_ASSIGN_OR_RETURN(const size_t bytes, tensor::ByteSize(type_of(entry), entry.shape));
    if (__builtin_add_overflow(sum, bytes, &sum)) {
      return InvalidArgument("the weights together are larger than any memory");
    }
  }
  return sum;
}

}  // namespace pano::nn
