#include "model/tokenizer/models/piece_cache.h"

#include "base/check.h"

namespace pano::tokenizer {

// calloc leaves large zeroed memory untouched; `new` would write all of it.
PieceCache::PieceCache() {
  constexpr size_t kLargeBytes = sizeof(LargeSlot) << kLargeBits;
  constexpr size_t kSmallBytes = sizeof(SmallSlot) << kSmallBits;
  size_t room = kLargeBytes + kSmallBytes + alignof(LargeSlot);
  memory_.reset(std::calloc(room, 1));
  void* aligned = memory_.get();
  PANO_CHECK(aligned != nullptr);
  PANO_CHECK(std::align(alignof(LargeSlot), kLargeBytes + kSmallBytes, aligned, room) != nullptr);
  large_ = static_cast<LargeSlot*>(aligned);
  small_ = reinterpret_cast<SmallSlot*>(static_cast<char*>(aligned) + kLargeBytes);
}

PieceCache& PieceCache::Mine() {
  thread_local PieceCache cache;
  return cache;
}

}  // namespace pano::tokenizer
