#include "model/tokenizer/piece_cache.h"

namespace pano::tokenizer {

PieceCache& PieceCache::Mine() {
  thread_local PieceCache cache;
  return cache;
}

}  // namespace pano::tokenizer
