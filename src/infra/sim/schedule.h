#pragma once

#include <cstdint>
#include <vector>

namespace pano::sim {

// What a collective does, message by message, without saying how long it takes. It consists of actors that each
// take the same number of steps in turn; a step sends at most one message and begins when the one before it is
// done and as many deliveries as it needs have come. Computed on demand: a ring of a million ranks takes no
// memory. Immutable, so thread-safe.
class Schedule {
 public:
  virtual ~Schedule() = default;

  virtual int64_t actors() const = 0;
  virtual int64_t steps() const = 0;

  enum class Kind : uint8_t { kNothing, kBetween, kUp, kDown };
  struct Move {
    Kind kind = Kind::kNothing;
    int64_t from = 0;  // rank; the node of kUp
    int64_t to = 0;    // rank; the node of kDown
    double bytes = 0;
  };
  virtual Move At(int64_t actor, int64_t step) const = 0;
  // How many deliveries the step waits for.
  virtual int64_t Needs(int64_t actor, int64_t step) const = 0;
  // Steps that wait for this one to be done.
  struct Dependent {
    int64_t actor = 0;
    int64_t step = 0;
  };
  virtual void AppendDependents(int64_t actor, int64_t step, std::vector<Dependent>& out) const = 0;

  // Steps [step, answer) are alike for all actors but for their number: same partners, same bytes, and so are
  // their dependents, as far as these lie in the same stretch.
  virtual int64_t AlikeUntil(int64_t step) const { return step + 1; }
};

}  // namespace pano::sim
