#pragma once

#include <cstdint>

#include "base/env.h"
#include "base/mutex.h"
#include "base/status.h"

namespace pano::models {

// Shares the memory that this process may take (base/process_limits.h) among models that are loaded
// one after the other. Keys and values are promised when a model is loaded and used much later: what
// is promised counts as gone. Thread-safe.
class MemoryBudget {
 public:
  // What a model gets for keys and values where memory is plenty.
  static constexpr int64_t kKvBytesDefault = int64_t{1} << 30;
  // And at least, while that much is left at all.
  static constexpr int64_t kKvBytesLeast = int64_t{16} << 20;

  // `models`: how many will ask.
  explicit MemoryBudget(int64_t models, Env& env = Env::Real()) : env_(&env), models_(models) {}

  // Bytes that are not used or promised, without a reserve for computing and connections; UINT64_MAX
  // where nothing limits them.
  uint64_t BytesLeft() const;

  // The bytes for keys and values of the next model, whose weights have been loaded: kKvBytesDefault,
  // or its share of what is left. `left_before` is what was left before, `weight_bytes` their size in
  // the file: weights that are mapped count, or they would be read from the disk again in every step.
  int64_t KvBytes(uint64_t left_before, uint64_t weight_bytes) const;

  // Promises `bytes` to a model. Exhausted, with the limit by name, when they are not there.
  Status Take(uint64_t bytes);
  // Gives a promise back: the model is gone.
  void Release(uint64_t bytes);

 private:
  uint64_t promised() const;

  Env* const env_;
  mutable Mutex mu_;
  int64_t models_ PANO_GUARDED_BY(mu_);
  uint64_t promised_ PANO_GUARDED_BY(mu_) = 0;
};

}  // namespace pano::models
