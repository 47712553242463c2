#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/grammar/byte_automaton.h"

namespace pano::grammar {

// One node of a grammar's expressions. What `first` and `count` mean depends on the kind. A value.
struct Expression {
  enum class Kind : uint8_t {
    kEmpty,
    kNothing,
    kLiteral,    // bytes [first, first + count) of ExpressionPool::bytes
    kAutomaton,  // automata[first]
    kSequence,   // the expressions children[first, first + count)
    kChoice,     // the same
    kRepeat,     // expression `first`, min to max times (kNoMax: without end)
    kReference,  // rule `first`
  };
  static constexpr uint32_t kNoMax = UINT32_MAX;

  Kind kind = Kind::kEmpty;
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t min = 0;
  uint32_t max = 0;
};

// The rules and expressions of one grammar. Children stand before their parents. A value.
struct ExpressionPool {
  static constexpr uint32_t kUndefined = UINT32_MAX;

  struct Rule {
    std::string name;
    uint32_t expression = kUndefined;
    bool block = false;  // of a repeat: stays a rule, since copies are what it saves
  };

  std::vector<Expression> expressions;
  std::vector<uint32_t> children;
  std::string bytes;
  std::vector<ByteAutomaton> automata;  // trimmed, with at least one state
  std::vector<Rule> rules;
};

}  // namespace pano::grammar
