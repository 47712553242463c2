#include "model/nn/paged_state.h"

#include <cstring>

#include "base/strings.h"
#include "model/tensor/half.h"

namespace pano::nn {

Result<std::unique_ptr<PagedState>> PagedState::Create(const Shape& shape, int block_count) {
  std::unique_ptr<PagedState> state(new PagedState(shape, block_count));
  size_t bytes = 0;
  if (block_count < 1 || __builtin_mul_overflow(shape.bytes_per_block(),
                                                static_cast<size_t>(block_count), &bytes)) {
    return InvalidArgument(StrCat("[kv] ", block_count, " blocks cannot be made"));
  }
  // calloc: large areas come as untouched zero pages.
  state->memory_.reset(static_cast<std::byte*>(std::calloc(bytes, 1)));
  if (!state->memory_) {
    return Status(StatusCode::kExhausted,
                  StrCat("[kv] no memory for ", block_count, " blocks, ", bytes, " bytes"));
  }
  return state;
}

void PagedState::Put(std::byte* base, BlockId block, int slot, const float* vector) const {
  const auto dim = static_cast<size_t>(shape_.head_dim);
  std::byte* to = base + static_cast<size_t>(block) * shape_.block_bytes() +
                  static_cast<size_t>(slot) * dim * shape_.element_bytes();
  if (shape_.type == KvType::kF32) {
    std::memcpy(to, vector, dim * sizeof(float));
    return;
  }
  auto* half = reinterpret_cast<uint16_t*>(to);
  for (size_t i = 0; i < dim; ++i) half[i] = tensor::FloatToHalf(vector[i]);
}

}  // namespace pano::nn
