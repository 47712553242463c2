#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/grammar/token_trie.h"
#include "model/grammar/workspace.h"

namespace pano::grammar {

// Follows the paths of a trie through an automaton. While a configuration is one state that neither
// calls nor returns, which is most of the time, a step is a look at that state's edges; otherwise the
// workspace makes it. Confined to a call.
class TrieWalk {
 public:
  TrieWalk(Workspace& workspace, const TokenTrie& trie)
      : workspace_(workspace), automaton_(workspace.automaton()), trie_(trie) {}

  // Walks the nodes [begin, end), which lie below a place of `depth` bytes where `view` stands.
  // Subtrees with tokens of at most `skip_chars` characters only are left out.
  // on_tokens(first, last): the tokens ids()[first, last) can be read. on_exit(node): after that node
  // the text may end, and there are tokens below it.
  template <typename OnTokens, typename OnExit>
  void Run(uint32_t begin, uint32_t end, size_t depth, const Workspace::View& view,
           size_t skip_chars, OnTokens on_tokens, OnExit on_exit);

 private:
  // Where the path of so many bytes stands: in one plain state, or in a configuration.
  struct Level {
    bool plain = false;
    uint32_t state = 0;                    // plain
    const StackFrame* frame = nullptr;     // plain
    Workspace::View view;                  // not plain
    Workspace::Mark mark;                  // of the workspace when nothing below has been read
  };
  enum class Outcome { kDead, kOpen, kEnds };   // kEnds: the text may end here

  // From levels_[depth - 1] by `byte` to levels_[depth].
  Outcome Step(size_t depth, uint8_t byte);

  Workspace& workspace_;
  const PushdownAutomaton& automaton_;
  const TokenTrie& trie_;
  std::vector<Level> levels_;
};

// Implementation details follow.

inline TrieWalk::Outcome TrieWalk::Step(size_t depth, uint8_t byte) {
  if (levels_.size() <= depth) levels_.resize(2 * depth + 16);
  const Level& from = levels_[depth - 1];
  Level& to = levels_[depth];
  if (from.plain) {
    uint32_t target = UINT32_MAX;
    for (const PushdownAutomaton::ByteEdge& edge : automaton_.EdgesOf(from.state)) {
      if (edge.last < byte) continue;
      if (edge.first <= byte) target = edge.target;
      break;
    }
    if (target == UINT32_MAX) return Outcome::kDead;
    if (automaton_.IsPlain(target)) {
      to.plain = true;
      to.state = target;
      to.frame = from.frame;
      to.mark = from.mark;
      return Outcome::kOpen;
    }
  }
  workspace_.Rewind(from.mark);
  Workspace::View view = from.view;
  if (from.plain) {
    const Item item{from.state, from.frame};
    view = workspace_.Load({&item, 1}, false);
  }
  to.plain = false;
  to.view = workspace_.Step(view, byte);
  if (!to.view.alive()) return Outcome::kDead;
  to.mark = workspace_.mark();
  if (to.view.accepting) return Outcome::kEnds;
  const Item& first = workspace_.items(to.view)[0];
  if (to.view.end - to.view.begin == 1 && automaton_.IsPlain(first.state)) {
    to.plain = true;
    to.state = first.state;
    to.frame = first.frame;
  }
  return Outcome::kOpen;
}

template <typename OnTokens, typename OnExit>
void TrieWalk::Run(uint32_t begin, uint32_t end, size_t depth, const Workspace::View& view,
                   size_t skip_chars, OnTokens on_tokens, OnExit on_exit) {
  const std::vector<TokenTrie::Node>& nodes = trie_.nodes();
  levels_.resize(std::max<size_t>(levels_.size(), 1));
  levels_[0] = {false, 0, nullptr, view, workspace_.mark()};
  for (uint32_t i = begin; i < end;) {
    const TokenTrie::Node& node = nodes[i];
    if (node.chars_below <= skip_chars && skip_chars > 0) {
      i = node.end;
      continue;
    }
    const size_t level = node.depth - depth;
    const Outcome outcome = Step(level, node.byte);
    if (outcome == Outcome::kDead) {
      if (workspace_.exceeded()) return;
      i = node.end;
      continue;
    }
    if (nodes[i + 1].token_begin > node.token_begin) {
      on_tokens(node.token_begin, nodes[i + 1].token_begin);
    }
    if (outcome == Outcome::kEnds) {
      if (node.end > i + 1) on_exit(i);
      const Workspace::View& ended = levels_[level].view;
      if (ended.end == ended.begin) {
        i = node.end;
        continue;
      }
    }
    ++i;
  }
}

}  // namespace pano::grammar
