#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "model/grammar/mask_cache.h"
#include "model/grammar/token_table.h"
#include "model/grammar/workspace.h"

namespace pano::grammar {

// Computes masks by walking the tries of a token table along an automaton. Confined to a call.
class MaskComputer {
 public:
  MaskComputer(Workspace& workspace, const TokenTable& table, MaskCache& cache)
      : workspace_(workspace), table_(table), cache_(cache) {}

  // From the cache, or into it.
  std::shared_ptr<const StateMask> OfState(uint32_t state);
  // Sets the bits of the tokens behind the exits of `mask` that can follow once `frame` has returned.
  void AddExits(const StackFrame* frame, const StateMask& mask, std::span<uint32_t> bits);
  // Sets the bits of everything that the configuration allows, walked at once: for configurations
  // of so many items that their masks one by one would cost more.
  void AddAll(std::span<const Item> items, std::span<uint32_t> bits);

 private:
  // Null where the state has too many around it to have a shape: then its mask has the short tokens, too, so that the
  // cache counts them.
  std::shared_ptr<const StateMask> OfShortTokens(uint32_t state);
  // Of some of the table's parts.
  StateMask Compute(uint32_t state, size_t first_part, size_t last_part);

  Workspace& workspace_;
  const TokenTable& table_;
  MaskCache& cache_;
};

}  // namespace pano::grammar
