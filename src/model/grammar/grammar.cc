#include "model/grammar/grammar.h"

#include <utility>

#include "base/check.h"
#include "model/grammar/pushdown_automaton.h"

namespace pano::grammar {

Grammar::Grammar(std::shared_ptr<const PushdownAutomaton> automaton)
    : automaton_(std::move(automaton)) {
  PANO_CHECK(automaton_ != nullptr);
}

size_t Grammar::state_count() const { return automaton_->state_count(); }
size_t Grammar::rule_count() const { return automaton_->rules.size(); }

size_t Grammar::memory_bytes() const {
  return automaton_->states.capacity() * sizeof(PushdownAutomaton::State) +
         automaton_->edges.capacity() * sizeof(PushdownAutomaton::ByteEdge) +
         automaton_->calls.capacity() * sizeof(PushdownAutomaton::CallEdge) +
         automaton_->rules.capacity() * sizeof(PushdownAutomaton::Rule);
}

}  // namespace pano::grammar
