#include "model/grammar/regex/nfa.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace pano::grammar {
namespace {

using Node = RegexSyntax::Node;
using SyntaxKind = RegexSyntax::Kind;

// Far above every limit, far below overflow.
constexpr uint64_t kHuge = uint64_t{1} << 40;

}  // namespace

Nfa::Nfa(const RegexLimits& limits) : limits_(limits) { Add({}); }

uint32_t Nfa::Add(State state) {
  states_.push_back(state);
  return static_cast<uint32_t>(states_.size() - 1);
}

uint32_t Nfa::SetId(const CharSet& set) {
  // Neighbours ask for the same set again; distinct copies further back cost only a little.
  constexpr size_t kLookBack = 16;
  const size_t from = sets_.size() > kLookBack ? sets_.size() - kLookBack : 0;
  for (size_t i = sets_.size(); i > from; --i) {
    if (sets_[i - 1] == set) return static_cast<uint32_t>(i - 1);
  }
  sets_.push_back(set);
  return static_cast<uint32_t>(sets_.size() - 1);
}

uint32_t Nfa::AddSet(const CharSet& set, uint32_t next) {
  return Add({.kind = Kind::kSet, .assertion = {}, .set = SetId(set), .next = next});
}

uint32_t Nfa::AddChoice(uint32_t one, uint32_t other) {
  return Add({.kind = Kind::kChoice, .assertion = {}, .set = 0, .next = one, .other = other});
}

uint32_t Nfa::AddAnyBefore(uint32_t next) {
  const uint32_t choice = AddChoice(0, next);
  const uint32_t any = AddSet(CharSet::Any(), choice);
  states_[choice].next = any;
  return choice;
}

uint32_t Nfa::AddDfa(const Dfa& dfa, uint32_t next) {
  PANO_CHECK(!dfa.empty());
  // A chain of choices enters each state; its first link is placed before its edges are known.
  std::vector<uint32_t> entries(dfa.state_count());
  for (uint32_t& entry : entries) entry = AddChoice(0, 0);
  for (uint32_t state = 0; state < dfa.state_count(); ++state) {
    std::optional<uint32_t> chain;
    if (dfa.accepting(state)) chain = next;
    const auto edges = dfa.edges(state);
    for (size_t i = 0; i < edges.size();) {
      // Ranges that lead to one state make one set where they stand together.
      std::vector<CharRange> ranges;
      size_t j = i;
      for (; j < edges.size() && edges[j].target == edges[i].target; ++j) {
        ranges.push_back({edges[j].first, edges[j].last});
      }
      const uint32_t step = AddSet(CharSet(std::move(ranges)), entries[edges[i].target]);
      chain = chain ? AddChoice(step, *chain) : step;
      i = j;
    }
    // Trimmed: a state that does not accept has an edge.
    states_[entries[state]].next = *chain;
    states_[entries[state]].other = *chain;
  }
  return entries[0];
}

uint64_t Nfa::SizeOf(const RegexSyntax& syntax, uint32_t index) const {
  const Node& node = syntax.nodes[index];
  switch (node.kind) {
    case SyntaxKind::kEmpty:
      return 0;
    case SyntaxKind::kSet:
    case SyntaxKind::kAssert:
      return 1;
    case SyntaxKind::kConcat:
    case SyntaxKind::kAlternate: {
      uint64_t size = node.children.size();
      for (uint32_t child : node.children) size = std::min(kHuge, size + SizeOf(syntax, child));
      return size;
    }
    case SyntaxKind::kRepeat: {
      const uint64_t copies = node.max ? *node.max : uint64_t{node.min} + 1;
      const uint64_t size = SizeOf(syntax, node.children[0]) + 1;
      return std::min(kHuge, size * std::max<uint64_t>(copies, 1));  // below 2^40 * 2^32
    }
  }
  return 0;
}

Result<uint32_t> Nfa::AddSyntax(const RegexSyntax& syntax, uint32_t next) {
  const uint64_t size = SizeOf(syntax, syntax.root);
  if (states_.size() + size > limits_.nfa_states_max) {
    return Status(StatusCode::kExhausted,
                  StrCat("[regex] its counts, written out, need ",
                         size >= kHuge ? std::string("far more than ")
                                       : StrCat(size, " states, more than "),
                         limits_.nfa_states_max, " states"))
        .WithReason("too_complex");
  }
  return AddNode(syntax, syntax.root, next);
}

uint32_t Nfa::AddNode(const RegexSyntax& syntax, uint32_t index, uint32_t next) {
  const Node& node = syntax.nodes[index];
  switch (node.kind) {
    case SyntaxKind::kEmpty:
      return next;
    case SyntaxKind::kSet:
      return AddSet(syntax.sets[node.set], next);
    case SyntaxKind::kAssert:
      has_assertions_ = true;
      if (node.assertion == Assertion::kWordBoundary ||
          node.assertion == Assertion::kNoWordBoundary) {
        has_word_boundaries_ = true;
      }
      return Add({.kind = Kind::kAssert, .assertion = node.assertion, .set = 0, .next = next});
    case SyntaxKind::kConcat: {
      uint32_t entry = next;
      for (size_t i = node.children.size(); i > 0; --i) {
        entry = AddNode(syntax, node.children[i - 1], entry);
      }
      return entry;
    }
    case SyntaxKind::kAlternate: {
      uint32_t entry = AddNode(syntax, node.children.back(), next);
      for (size_t i = node.children.size() - 1; i > 0; --i) {
        entry = AddChoice(AddNode(syntax, node.children[i - 1], next), entry);
      }
      return entry;
    }
    case SyntaxKind::kRepeat:
      break;
  }
  const uint32_t child = node.children[0];
  uint32_t entry = next;
  if (!node.max) {
    const uint32_t loop = AddChoice(0, next);
    const uint32_t again = AddNode(syntax, child, loop);  // may grow states_: assigned after
    states_[loop].next = again;
    entry = loop;
  } else {
    for (uint32_t i = node.min; i < *node.max; ++i)
      entry = AddChoice(AddNode(syntax, child, entry), next);
  }
  for (uint32_t i = 0; i < node.min; ++i) entry = AddNode(syntax, child, entry);
  return entry;
}

Result<Dfa> CompileRegexDfa(std::string_view source, RegexDialect dialect, bool search,
                            StepBudget& budget, const RegexLimits& limits) {
  PANO_ASSIGN_OR_RETURN(const RegexSyntax syntax, ParseRegex(source, dialect, limits));
  Nfa nfa(limits);
  const uint32_t next = search ? nfa.AddAnyBefore(nfa.end()) : nfa.end();
  PANO_ASSIGN_OR_RETURN(uint32_t entry, nfa.AddSyntax(syntax, next));
  if (search) entry = nfa.AddAnyBefore(entry);
  return nfa.Determinize(entry, budget);
}

}  // namespace pano::grammar
