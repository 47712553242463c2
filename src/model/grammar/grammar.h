#pragma once

#include <cstddef>
#include <memory>

namespace pano::grammar {

struct PushdownAutomaton;

// A context-free language over bytes, usually UTF-8, as a pushdown automaton from which every
// state can still reach an accepted text. Made by GrammarBuilder, ParseGbnf and the compilers of
// JSON Schema and regular expressions. Immutable, so thread-safe; copies share the automaton.
class Grammar {
 public:
  explicit Grammar(std::shared_ptr<const PushdownAutomaton> automaton);

  // Defined in pushdown_automaton.h, which the module's own files read.
  const PushdownAutomaton& automaton() const { return *automaton_; }

  size_t state_count() const;
  size_t rule_count() const;   // those that the automaton calls; the others were inlined
  size_t memory_bytes() const;

 private:
  std::shared_ptr<const PushdownAutomaton> automaton_;  // never null
};

}  // namespace pano::grammar
