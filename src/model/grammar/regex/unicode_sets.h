#pragma once

#include <optional>
#include <string_view>

#include "model/grammar/regex/char_set.h"

namespace pano::grammar {

// The characters of a Unicode property as \p{...} names it ("L", "Letter", "Script=Greek", "Greek",
// "Alphabetic"); nothing for an unknown name. Unicode 15.0 (ICU 72).
std::optional<CharSet> UnicodeProperty(std::string_view name);

// `set` and every character that differs from one of it in case only (simple case folding).
CharSet CloseOverCase(const CharSet& set);

}  // namespace pano::grammar
