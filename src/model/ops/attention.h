#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/ops/types.h"
#include "model/ops/view.h"

namespace pano::ops {

// One layer's keys and values in blocks of kBlockTokens tokens: [block][head][token][dim], as
// PagedState lays them out. Borrowed.
struct PagedKv {
  KvType type = KvType::kF32;
  size_t heads = 0;
  size_t key_dim = 0;
  size_t value_dim = 0;         // 0: there are none, values are the first components of the keys
  std::byte* keys = nullptr;    // of head 0 in block 0
  std::byte* values = nullptr;  // likewise
  size_t key_head_bytes = 0, value_head_bytes = 0;    // from one head to the next
  size_t key_block_bytes = 0, value_block_bytes = 0;  // from one block to the next
};

// Rows of a pass that belong to one sequence, consecutive in rows and in positions.
struct SequenceRows {
  size_t first_row = 0;
  size_t row_count = 0;
  int64_t first_position = 0;       // where the first row's key is kept; row i's lies i further
  const BlockId* blocks = nullptr;  // keys of positions [32 b, 32 b + 32) lie in block blocks[b]
};

// Positions of the keys that a row attends to: [first, end), not empty.
struct KeyRange {
  int64_t first = 0;
  int64_t end = 0;
};

// Added to the scores before the softmax, by the head and where the key stands.
struct ScoreBias {
  enum class Kind : uint8_t {
    kNone,
    kByKey,       // table[head][key position]
    kByDistance,  // table[head][reach + position_id of the key - position_id of the query]
  };
  Kind kind = Kind::kNone;
  const float* table = nullptr;  // [heads, width]
  size_t width = 0;
  int64_t reach = 0;
};

// The rows of a pass as attention sees them. Position ids say where a row stands in its text, gaps
// included; positions say where its key is kept.
struct AttentionRows {
  std::span<const SequenceRows> sequences;
  std::span<const KeyRange> keys;         // of each row
  std::span<const int64_t> position_ids;  // of each row
  // Position ids are the positions. Else keys are of this pass only, and biases look theirs up.
  bool consecutive_ids = true;
};

// out[r, h] = sum over t in keys[r] of softmax_t(cap(scale * q[r, h] . k[t]) + bias) * v[t], with
// cap(s) = softcap * tanh(s / softcap) where there is one. Query heads share key heads in groups
// (Ainslie et al., "GQA", 2023).
struct AttentionShape {
  size_t heads = 0;      // of queries; a multiple of those of the keys
  size_t value_dim = 0;  // floats of a head in `out`
  float scale = 1.0f;
  float softcap = 0.0f;  // 0: none
  // Numbers may be rounded to BF16 on their way into products, where a device is faster so.
  bool rounded = false;
};

// Rows of another stack that the rows of an input look at (cross attention).
struct MemoryRows {
  size_t first_row = 0, row_count = 0;  // of the queries
  size_t first_key = 0, key_count = 0;  // rows of keys and values, all of which are seen
};

}  // namespace pano::ops
