#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "model/grammar/grammar.h"

namespace pano::grammar::testing {

// A text of `grammar`, drawn byte by byte among those that may come next, ends preferred the longer
// it gets; nothing where none ended within `bytes_max`.
std::optional<std::string> SampleText(const Grammar& grammar, Random& random,
                                      size_t bytes_max = 400);

}  // namespace pano::grammar::testing
