#pragma once

#include <string>
#include <vector>

#include "model/grammar/byte_automaton.h"

namespace pano::tools {

// Every UTF-8 text in which none of `marks` stands (Aho and Corasick 1975), for what may be said between
// marks. States: at most eight for each byte of the marks. REQUIRES: no mark is empty.
grammar::ByteAutomaton TextWithout(const std::vector<std::string>& marks);

// How something begins: the parts with any blanks before each, then one of `names` and `end`.
struct Beginning {
  std::vector<std::string> parts;
  std::vector<std::string> names;
  std::string end;
};

// The texts of TextWithout(marks) that do not begin so. REQUIRES: marks and parts share no first byte.
grammar::ByteAutomaton TextNotBeginning(const Beginning& beginning, const std::vector<std::string>& marks);

}  // namespace pano::tools
