#pragma once

#include <cstdint>
#include <vector>

namespace pano::train {

using TokenSequence = std::vector<int32_t>;

}  // namespace pano::train
