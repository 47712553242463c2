#pragma once

#include <memory>

#include "model/grammar/compiled_grammar.h"

namespace pano::constraints {

// Fills masks that the first sequences of a grammar will ask for, along a few texts that begin as they might:
// a mask is made once, and better on a thread that nobody waits for than in an engine's step. A few hundred
// masks, or a twentieth of a second.
void WarmUp(const std::shared_ptr<const grammar::CompiledGrammar>& compiled);

}  // namespace pano::constraints
