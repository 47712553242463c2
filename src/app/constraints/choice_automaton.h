#pragma once

#include <string>
#include <vector>

#include "model/grammar/byte_automaton.h"

namespace pano::constraints {

// The smallest acyclic automaton that accepts these texts and no others: common beginnings and common ends
// are there once. Linear in their bytes, beside sorting (Daciuk et al. 2000, "Incremental Construction of
// Minimal Acyclic Finite-State Automata", algorithm 1). Texts may repeat. Some states may be out of reach.
grammar::ByteAutomaton MakeChoiceAutomaton(std::vector<std::string> texts);

}  // namespace pano::constraints
