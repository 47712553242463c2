#include "model/grammar/mask_computer.h"

#include <algorithm>
#include <vector>

#include "model/grammar/free_run.h"
#include "model/grammar/token_trie.h"

namespace pano::grammar {
namespace {

struct Level {
  Workspace::View view;
  Workspace::Mark mark;
};

// Walks the nodes [begin, end) of a trie, which lie `depth` bytes below where `view` stands.
// `on_tokens(first, last)` gets the places in ids() of tokens that can be read; `on_exit(node)` the
// nodes after which the text may end and below which there are tokens.
template <typename OnTokens, typename OnExit>
void Walk(Workspace& workspace, const TokenTrie& trie, uint32_t begin, uint32_t end, size_t depth,
          const Workspace::View& view, size_t skip_chars, OnTokens on_tokens, OnExit on_exit) {
  const std::vector<TokenTrie::Node>& nodes = trie.nodes();
  std::vector<Level> levels = {{view, workspace.mark()}};
  for (uint32_t i = begin; i < end;) {
    const TokenTrie::Node& node = nodes[i];
    if (node.chars_below <= skip_chars && skip_chars > 0) {
      i = node.end;
      continue;
    }
    levels.resize(node.depth - depth);
    workspace.Rewind(levels.back().mark);
    const Workspace::View next = workspace.Step(levels.back().view, node.byte);
    if (!next.alive()) {
      if (workspace.exceeded()) return;
      i = node.end;
      continue;
    }
    if (nodes[i + 1].token_begin > node.token_begin) {
      on_tokens(node.token_begin, nodes[i + 1].token_begin);
    }
    if (next.accepting && node.end > i + 1) on_exit(i);
    if (next.end == next.begin) {
      i = node.end;
      continue;
    }
    levels.push_back({next, workspace.mark()});
    ++i;
  }
}

void SetBits(std::span<uint32_t> bits, const TokenTrie& trie, uint32_t first, uint32_t last) {
  for (uint32_t i = first; i < last; ++i) {
    const auto id = static_cast<uint32_t>(trie.ids()[i]);
    bits[id / 32] |= 1u << (id % 32);
  }
}

// How much of a part of the table can be had from its masks.
struct Shortcut {
  const std::vector<uint32_t>* mask = nullptr;
  size_t chars = 0;    // of the tokens in it
  bool whole = false;  // it has all of them
};

Shortcut Find(const TokenTable::Part& part, size_t run) {
  Shortcut out;
  const size_t lengths = part.allowed_up_to.size();
  if (run == 0 || lengths == 0) return out;
  out.whole = run >= part.chars_max;
  out.chars = out.whole ? part.chars_max : std::min(run, lengths - 1);
  if (out.whole) out.mask = &part.allowed_up_to.back();
  else if (out.chars > 0) out.mask = &part.allowed_up_to[out.chars - 1];
  return out;
}

// Finite runs longer than this are not told apart; longer tokens are few and walked.
constexpr size_t kRunMax = 31;

size_t RunOf(const PushdownAutomaton& automaton, uint32_t state, const TokenTable::Part& part) {
  if (part.character.states.empty() || part.chars_max == 0) return 0;
  return FreeRun(automaton, state, part.character, std::min<size_t>(part.chars_max, kRunMax));
}

}  // namespace

StateMask MaskComputer::OfState(uint32_t state) {
  StateMask out;
  const Workspace::Mark mark = workspace_.mark();
  const Workspace::View start = workspace_.LoadAlone(state);
  for (uint32_t p = 0; p < table_.parts().size(); ++p) {
    const TokenTable::Part& part = table_.parts()[p];
    const Shortcut shortcut = Find(part, RunOf(workspace_.automaton(), state, part));
    if (shortcut.mask) out.shared.push_back(shortcut.mask);
    if (shortcut.whole) continue;
    Walk(workspace_, part.trie, 0, static_cast<uint32_t>(part.trie.node_count()), 0, start,
         shortcut.chars,
         [&](uint32_t first, uint32_t last) {
           out.ids.insert(out.ids.end(), part.trie.ids().begin() + first,
                          part.trie.ids().begin() + last);
         },
         [&](uint32_t node) { out.exits.push_back({p, node}); });
  }
  workspace_.Rewind(mark);
  if (out.ids.size() > table_.mask_words()) {
    out.bits.assign(table_.mask_words(), 0);
    for (int32_t id : out.ids) {
      out.bits[static_cast<uint32_t>(id) / 32] |= 1u << (static_cast<uint32_t>(id) % 32);
    }
    out.ids = {};
  }
  out.ids.shrink_to_fit();
  return out;
}

void MaskComputer::AddExits(const StackFrame* frame, std::span<const StateMask::Exit> exits,
                            std::span<uint32_t> bits) {
  if (exits.empty() || frame->is_bottom()) return;
  const Workspace::Mark mark = workspace_.mark();
  const Workspace::View view = workspace_.Return(frame);
  for (const StateMask::Exit& exit : exits) {
    const TokenTrie& trie = table_.parts()[exit.part].trie;
    const TokenTrie::Node& node = trie.nodes()[exit.node];
    Walk(workspace_, trie, exit.node + 1, node.end, node.depth, view, 0,
         [&](uint32_t first, uint32_t last) { SetBits(bits, trie, first, last); },
         [](uint32_t) {});
  }
  workspace_.Rewind(mark);
}

void MaskComputer::AddAll(std::span<const Item> items, std::span<uint32_t> bits) {
  const Workspace::Mark mark = workspace_.mark();
  const Workspace::View view = workspace_.Load(items, false);
  for (const TokenTable::Part& part : table_.parts()) {
    size_t run = 0;
    for (const Item& item : items) {
      run = std::max(run, RunOf(workspace_.automaton(), item.state, part));
    }
    const Shortcut shortcut = Find(part, run);
    if (shortcut.mask) {
      for (size_t i = 0; i < shortcut.mask->size(); ++i) bits[i] |= (*shortcut.mask)[i];
    }
    if (shortcut.whole) continue;
    Walk(workspace_, part.trie, 0, static_cast<uint32_t>(part.trie.node_count()), 0, view,
         shortcut.chars,
         [&](uint32_t first, uint32_t last) { SetBits(bits, part.trie, first, last); },
         [](uint32_t) {});
  }
  workspace_.Rewind(mark);
}

}  // namespace pano::grammar
