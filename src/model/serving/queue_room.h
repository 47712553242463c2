#pragma once

#include <cstdint>

#include "base/status.h"
#include "base/strings.h"

namespace pano::serving {

// These words are part of the API's answers.
inline Status QueueIsFull(int64_t waiting) {
  return Status(StatusCode::kExhausted, StrCat("[engine] the queue is full: ", waiting, " requests wait"));
}

// What a service can say of a request that nobody has read yet. A service that has it is one, too.
// Thread-safe.
class QueueRoom {
 public:
  virtual ~QueueRoom() = default;

  // Exhausted when Submit would refuse any request now, as the queue is full: in the same words, and counted
  // as Submit counts it. Ok promises nothing.
  virtual Status CheckRoom() = 0;
};

}  // namespace pano::serving
