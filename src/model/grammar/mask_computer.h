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
  MaskComputer(Workspace& workspace, const TokenTable& table)
      : workspace_(workspace), table_(table) {}

  StateMask OfState(uint32_t state);
  // Sets the bits of the tokens behind `exits` that can follow once `frame` has returned.
  void AddExits(const StackFrame* frame, std::span<const StateMask::Exit> exits,
                std::span<uint32_t> bits);
  // Sets the bits of everything that the configuration allows, walked at once: for configurations
  // of so many items that their masks one by one would cost more.
  void AddAll(std::span<const Item> items, std::span<uint32_t> bits);

 private:
  Workspace& workspace_;
  const TokenTable& table_;
};

}  // namespace pano::grammar
