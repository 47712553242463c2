#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/nn/fwd.h"

namespace pano::reference {

// Every kind of layer and option that a decoder can have, by name: "norm placement: around". A
// field of ModelConfig that has no row here does not compile.
std::vector<std::string> AllDecoderKinds();
// Those that one configuration has.
std::set<std::string> DecoderKinds(const nn::ModelConfig& config);

}  // namespace pano::reference
