#pragma once

#include "model/grammar/byte_automaton.h"
#include "model/grammar/regex/dfa.h"

namespace pano::grammar {

// How a letter stands in a text.
enum class Spelling {
  kUtf8,  // as itself
  // Inside the quotes of a JSON string: as itself but for the quote, the backslash and control
  // characters, which have their short escapes, or \u00XX where there is none. One spelling a
  // letter, so that an automaton over letters stays deterministic over bytes.
  kJsonString,
};

// The same language over bytes: deterministic; states that lie inside a letter are shared.
ByteAutomaton ToBytes(const Dfa& dfa, Spelling spelling);

}  // namespace pano::grammar
