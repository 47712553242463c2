#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::planner {

// How values lie in memory: `block_bytes` for each `block_values` along a row.
struct StorageType {
  std::string name;
  int64_t block_values = 1;
  int64_t block_bytes = 4;

  double bytes_per_value() const { return static_cast<double>(block_bytes) / static_cast<double>(block_values); }
};

enum class Part : uint8_t { kEmbedding, kAttention, kFeedForward, kExperts, kNorms, kHead, kOther };
std::string_view PartName(Part part);

// Tensors of one role and shape in one layer; experts alike are one entry.
struct WorkloadTensor {
  enum class Shard : uint8_t { kNone, kRows, kColumns };

  Part part = Part::kOther;
  int32_t layer = -1;       // -1: of none
  int64_t count = 1;
  int64_t rows = 1;
  int64_t columns = 0;      // innermost
  bool matrix = false;      // what block types may hold; else it stays in 32 bits beside them
  bool product = false;     // every token is multiplied with it (an embedding is only looked up)
  bool routed = false;      // of `count` experts a token goes to WorkloadSpec::experts_used
  Shard shard = Shard::kNone;  // what tensor-parallel ranks divide
  int64_t shard_units = 1;     // parts that stay whole: heads
  bool key_value = false;      // may stand on several ranks where there are fewer heads than ranks
  bool gate = false;        // the gate of a gated feed-forward layer

  int64_t values() const { return count * rows * columns; }
};

// Layers that keep keys and values alike.
struct KvGroup {
  int64_t layers = 0;
  int64_t window = 0;      // tokens that are kept; 0: all
  int64_t kv_heads = 0;
  int64_t key_dim = 0;
  int64_t value_dim = 0;   // 0: values are read off the keys (latent attention)

  int64_t values_per_token() const { return kv_heads * (key_dim + value_dim); }  // of one layer
};

// What a model asks of machines, without its mathematics: the one source of byte and FLOP counts of plans. A
// value; model/workload fills it from the model's inventory of tensors.
struct WorkloadSpec {
  std::string name;
  std::string source;            // the path or shape that it was read from
  std::string note;              // what a plan has to say of it: that the engine does not run it; "" where it does
  std::vector<WorkloadTensor> tensors;
  std::vector<KvGroup> kv;       // empty: an encoder
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t query_dim = 0;         // of one head's query and key
  int64_t value_dim = 0;
  int64_t ffn = 0;               // the widest inner row of one token: expert rows together
  int64_t vocabulary = 0;
  int64_t context = 0;           // the most positions
  int64_t experts = 0, experts_used = 0;
  StorageType type;              // what the files hold, or the configuration names
  std::optional<int64_t> stored_bytes;  // of the files' weights

  int64_t parameters() const;
  int64_t active_parameters() const;         // that one token uses
  double product_parameters() const;         // that one token is multiplied with, the head included
  double layer_product_parameters() const;   // of those, in one layer on average
  // FLOPs of the products of queries with keys and of weights with values, for one token that sees
  // `context` others: windows are taken into account. Of all layers.
  double AttentionFlops(double context) const;
};

// Bounds that every real model stays inside and that keep products within 63 bits.
inline constexpr int64_t kWorkloadTensorsMax = 1 << 18;
Status CheckWorkload(const WorkloadSpec& spec);

// Bytes of one tensor entry in `type`: matrices in whole blocks along their rows, all else in 32 bits beside
// block types. A row that is no whole number of blocks is kept in 16 bits, as converters do; `*fallbacks` counts them.
int64_t TensorBytes(const WorkloadTensor& tensor, const StorageType& type, int64_t* fallbacks = nullptr);
int64_t WeightBytes(const WorkloadSpec& spec, const StorageType& type, int64_t* fallbacks = nullptr);

}  // namespace pano::planner
