#pragma once

#include <cstdint>

#include "model/serving/observer.h"
#include "model/serving/stats.h"

namespace pano::engine {

// The series that an engine counts in while it runs, as serving::Observer.
struct Observer {
  serving::Observer serving = {};
  Histogram* ttft_seconds = nullptr;         // from Submit to the first token
  Histogram* inter_token_seconds = nullptr;  // between two tokens of a sequence
  Histogram* mask_seconds = nullptr;         // filling the mask of one token of a grammar
};

// KV blocks of the model's state groups together: a group's blocks hold nn::kBlockTokens tokens of
// its layers.
struct KvBlockCounts {
  int64_t used = 0;    // held by running sequences
  int64_t cached = 0;  // reusable prefixes that nobody holds
  int64_t free = 0;
  int64_t total = 0;
};

// What an engine counts beside what every service does. A snapshot, consistent in itself.
struct Stats {
  serving::Stats serving = {};  // its rows are sequences
  KvBlockCounts kv_blocks = {};
  int64_t preemptions = 0;
  int64_t drafts_accepted = 0;  // generated tokens that a draft had said
  int64_t drafts_rejected = 0;  // draft tokens that were wrong, or not looked at
  int64_t forced_tokens = 0;    // generated tokens that a grammar left no choice about
};

}  // namespace pano::engine
