#include "model/grammar/byte_nfa.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace pano::grammar {
namespace {

using Kind = Expression::Kind;

// Adds the paths of expressions between two states. Every expression adds edges that leave `from`
// and enter `to`, never ones that enter `from` or leave `to`.
class NfaBuilder {
 public:
  NfaBuilder(const ExpressionPool& pool, const RuleAnalysis& analysis)
      : pool_(pool), analysis_(analysis) {
    nfa_.AddState();
    nfa_.AddState();
  }

  ByteNfa Run(uint32_t rule) {
    Add(pool_.rules[rule].expression, ByteNfa::kStart, ByteNfa::kEnd);
    return std::move(nfa_);
  }

 private:
  void AddByte(uint32_t from, uint8_t first, uint8_t last, uint32_t to) {
    nfa_.AddEdge(from, {ByteNfa::Edge::Kind::kByte, first, last, 0, to, 0});
  }
  void AddEmpty(uint32_t from, uint32_t to) {
    if (from != to) nfa_.AddEdge(from, {ByteNfa::Edge::Kind::kEmpty, 0, 0, 0, to, 0});
  }

  void Add(uint32_t node, uint32_t from, uint32_t to) {
    if (!analysis_.productive[node]) return;
    const Expression& e = pool_.expressions[node];
    switch (e.kind) {
      case Kind::kEmpty: return AddEmpty(from, to);
      case Kind::kNothing: return;
      case Kind::kLiteral: return AddLiteral(Bytes(e), from, to);
      case Kind::kAutomaton: return AddAutomaton(pool_.automata[e.first], from, to);
      case Kind::kSequence: return AddSequence(e, from, to);
      case Kind::kChoice: return AddChoice(e, from, to);
      case Kind::kRepeat: return AddRepeat(e, from, to);
      case Kind::kReference: return AddReference(e.first, from, to);
    }
  }

  std::string_view Bytes(const Expression& literal) const {
    return std::string_view(pool_.bytes).substr(literal.first, literal.count);
  }

  void AddLiteral(std::string_view bytes, uint32_t from, uint32_t to) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      const uint32_t next = i + 1 == bytes.size() ? to : nfa_.AddState();
      const auto byte = static_cast<uint8_t>(bytes[i]);
      AddByte(from, byte, byte, next);
      from = next;
    }
  }

  // Accepting states that nothing leaves become `to`, and a start that nothing enters is `from`:
  // so it is with every class of characters.
  void AddAutomaton(const ByteAutomaton& automaton, uint32_t from, uint32_t to) {
    std::vector<bool> entered(automaton.states.size(), false);
    for (const ByteAutomaton::State& state : automaton.states) {
      for (const ByteAutomaton::Edge& edge : state.edges) entered[edge.target] = true;
    }
    std::vector<uint32_t> place(automaton.states.size());
    for (size_t i = 0; i < automaton.states.size(); ++i) {
      const ByteAutomaton::State& state = automaton.states[i];
      if (i == 0 && !entered[0]) {
        place[i] = from;
        if (state.accepting) AddEmpty(from, to);
      } else if (state.accepting && state.edges.empty()) {
        place[i] = to;
      } else {
        place[i] = nfa_.AddState();
        if (i == 0) AddEmpty(from, place[i]);
        if (state.accepting) AddEmpty(place[i], to);
      }
    }
    for (size_t i = 0; i < automaton.states.size(); ++i) {
      for (const ByteAutomaton::Edge& edge : automaton.states[i].edges) {
        AddByte(place[i], edge.first, edge.last, place[edge.target]);
      }
    }
  }

  void AddSequence(const Expression& e, uint32_t from, uint32_t to) {
    for (uint32_t i = 0; i < e.count; ++i) {
      const uint32_t next = i + 1 == e.count ? to : nfa_.AddState();
      Add(pool_.children[e.first + i], from, next);
      from = next;
    }
  }

  // Literals share their beginnings, so that an enumeration of 100,000 words is a trie at once.
  void AddChoice(const Expression& e, uint32_t from, uint32_t to) {
    constexpr size_t kTrieMin = 4;
    std::vector<std::string_view> words;
    for (uint32_t i = 0; i < e.count; ++i) {
      const Expression& child = pool_.expressions[pool_.children[e.first + i]];
      if (child.kind == Kind::kLiteral) words.push_back(Bytes(child));
    }
    const bool as_trie = words.size() >= kTrieMin;
    if (as_trie) AddTrie(words, from, to);
    for (uint32_t i = 0; i < e.count; ++i) {
      const uint32_t child = pool_.children[e.first + i];
      if (as_trie && pool_.expressions[child].kind == Kind::kLiteral) continue;
      Add(child, from, to);
    }
  }

  void AddTrie(std::vector<std::string_view>& words, uint32_t from, uint32_t to) {
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    std::vector<uint32_t> path = {from};   // the states along the word before
    std::string_view before;
    for (size_t w = 0; w < words.size(); ++w) {
      const std::string_view word = words[w];
      const size_t common = static_cast<size_t>(
          std::mismatch(before.begin(), before.end(), word.begin(), word.end()).first -
          before.begin());
      path.resize(common + 1);
      const bool goes_on = w + 1 < words.size() && words[w + 1].starts_with(word);
      for (size_t i = common; i < word.size(); ++i) {
        const bool last = i + 1 == word.size() && !goes_on;
        const uint32_t next = last ? to : nfa_.AddState();
        const auto byte = static_cast<uint8_t>(word[i]);
        AddByte(path.back(), byte, byte, next);
        path.push_back(next);
      }
      if (goes_on) AddEmpty(path.back(), to);
      before = word;
    }
  }

  void AddRepeat(const Expression& e, uint32_t from, uint32_t to) {
    const bool endless = e.max == Expression::kNoMax;
    const uint32_t copies = endless ? e.min : e.max;
    for (uint32_t i = 0; i < copies; ++i) {
      if (i >= e.min) AddEmpty(from, to);
      const uint32_t next = i + 1 == copies && !endless ? to : nfa_.AddState();
      Add(e.first, from, next);
      from = next;
    }
    if (!endless) return;
    const uint32_t loop = nfa_.AddState();
    AddEmpty(from, loop);
    Add(e.first, loop, loop);
    AddEmpty(loop, to);
  }

  void AddReference(uint32_t rule, uint32_t from, uint32_t to) {
    if (analysis_.rule_inlined[rule]) return Add(pool_.rules[rule].expression, from, to);
    nfa_.AddEdge(from, {ByteNfa::Edge::Kind::kCall, 0, 0, rule, to, 0});
    if (analysis_.rule_nullable[rule]) AddEmpty(from, to);
  }

  const ExpressionPool& pool_;
  const RuleAnalysis& analysis_;
  ByteNfa nfa_;
};

}  // namespace

ByteNfa BuildNfa(const ExpressionPool& pool, const RuleAnalysis& analysis, uint32_t rule) {
  return NfaBuilder(pool, analysis).Run(rule);
}

}  // namespace pano::grammar
