#pragma once

#include <string>
#include <vector>

#include "model/grammar/byte_automaton.h"

namespace pano::tools {

// Every UTF-8 text in which none of `marks` stands (Aho and Corasick 1975), for what may be said between
// marks. States: at most eight for each byte of the marks. REQUIRES: no mark is empty.
grammar::ByteAutomaton TextWithout(const std::vector<std::string>& marks);

}  // namespace pano::tools
