#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "infra/collective/communicator.h"

namespace pano::train {

// What members of a run tell each other beside gradients. Every member calls the same function in
// the same order, as for Communicator's own.

inline constexpr size_t kExchangeBytesMax = size_t{1} << 34;

// Root's bytes to all.
Status BroadcastBytes(collective::Communicator& group, std::span<std::byte> bytes, int root);
// Root's text to all; the others' may have any length before.
Status BroadcastText(collective::Communicator& group, std::string* text, int root);
// Each member's text, by rank.
Result<std::vector<std::string>> GatherTexts(collective::Communicator& group,
                                             const std::string& text);
// Each member's numbers, by rank: [size()][values.size()].
Result<std::vector<std::vector<double>>> GatherNumbers(collective::Communicator& group,
                                                       std::span<const double> values);
// The sums over members, in the order of ranks, in 64 bits.
Status SumNumbers(collective::Communicator& group, std::span<double> values);
// Whether any member says so: all of them stop at the same step.
Result<bool> AnyOf(collective::Communicator& group, bool mine);

}  // namespace pano::train
