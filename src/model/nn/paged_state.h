#pragma once

#include <cstdlib>
#include <memory>
#include <vector>

#include "base/result.h"
#include "model/nn/model.h"

namespace pano::nn {

// Keys and values of every layer in blocks: [layer][block][kv head][kBlockTokens][head_dim], keys and
// values apart. Memory is reserved at once but touched only when a block is first written. Confined to
// the thread that steps the model.
class PagedState final : public State {
 public:
  struct Shape {
    int layer_count = 0;
    int kv_head_count = 0;
    int head_dim = 0;
    KvType type = KvType::kF32;

    size_t element_bytes() const { return type == KvType::kF32 ? 4 : 2; }
    size_t head_bytes() const {      // one head's part of a block
      return static_cast<size_t>(kBlockTokens) * static_cast<size_t>(head_dim) * element_bytes();
    }
    size_t block_bytes() const { return head_bytes() * static_cast<size_t>(kv_head_count); }
    size_t bytes_per_block() const {  // all layers, keys and values
      return 2 * block_bytes() * static_cast<size_t>(layer_count);
    }
  };

  static Result<std::unique_ptr<PagedState>> Create(const Shape& shape, int block_count);

  int block_count(size_t) const override { return block_count_; }
  const Shape& shape() const { return shape_; }

  // Base of one KV head's keys or values in a layer; block b lies b * shape().block_bytes() further.
  std::byte* keys(int layer, int head) { return Base(layer, head, 0); }
  std::byte* values(int layer, int head) { return Base(layer, head, 1); }

  // Stores one token's vector (head_dim floats, narrowed where the type is) at `slot` of a block.
  void Put(std::byte* base, BlockId block, int slot, const float* vector) const;

 private:
  PagedState(const Shape& shape, int block_count) : shape_(shape), block_count_(block_count) {}
  std::byte* Base(int layer, int head, int part) {
    const size_t layer_bytes = shape_.block_bytes() * static_cast<size_t>(block_count_);
    return memory_.get() + (static_cast<size_t>(layer) * 2 + static_cast<size_t>(part)) * layer_bytes +
           static_cast<size_t>(head) * shape_.head_bytes();
  }

  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  const Shape shape_;
  const int block_count_;
  std::unique_ptr<std::byte, Free> memory_;
};

}  // namespace pano::nn
