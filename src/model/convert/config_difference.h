#pragma once

#include <string>

#include "base/strings.h"
#include "model/nn/fwd.h"

namespace pano::convert {

// The first thing in which two configurations compute something else, for people ("rope theta:
// 10000 and 500000"); "" when they compute the same. Floats may differ by what a half-stored number
// loses.
std::string Difference(const nn::ModelConfig& a, const nn::ModelConfig& b);

}  // namespace pano::convert
