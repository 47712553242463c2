#include "model/grammar/mask_computer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "model/grammar/free_run.h"
#include "model/grammar/token_trie.h"
#include "model/grammar/trie_walk.h"

namespace pano::grammar {
namespace {

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

// The run of each class from the widest to the narrowest is asked of one state (or the longest of
// several): what any character of a wide class can follow, any of a narrow one can.
class Runs {
 public:
  Runs(const PushdownAutomaton& automaton, std::span<const Item> items)
      : automaton_(automaton), items_(items) {}

  size_t Of(const TokenTable::Part& part) {
    if (part.character.states.empty() || part.chars_max == 0) return 0;
    const size_t wanted = std::min<size_t>(part.chars_max, kRunMax);
    for (const Item& item : items_) {
      if (known_ >= wanted && (known_ == kEndless || part.chars_max <= kRunMax)) break;
      known_ = std::max(known_, FreeRun(automaton_, item.state, part.character, wanted));
    }
    return known_;
  }

 private:
  const PushdownAutomaton& automaton_;
  const std::span<const Item> items_;
  size_t known_ = 0;
};

}  // namespace

StateMask MaskComputer::Compute(uint32_t state, size_t first_part, size_t last_part) {
  StateMask out;
  const Workspace::Mark mark = workspace_.mark();
  const Workspace::View start = workspace_.LoadAlone(state);
  const Item item = workspace_.items(start)[0];
  Runs runs(workspace_.automaton(), {&item, 1});
  for (size_t p = last_part; p-- > first_part;) {
    const TokenTable::Part& part = table_.parts()[p];
    const Shortcut shortcut = Find(part, runs.Of(part));
    if (shortcut.mask) out.shared.push_back(shortcut.mask);
    if (shortcut.whole) continue;
    TrieWalk(workspace_, part.trie)
        .Run(0, static_cast<uint32_t>(part.trie.node_count()), 0, start, shortcut.chars,
             [&](uint32_t first, uint32_t last) {
               out.ids.insert(out.ids.end(), part.trie.ids().begin() + first,
                              part.trie.ids().begin() + last);
             },
             [&](uint32_t node) { out.exits.push_back({static_cast<uint32_t>(p), node}); });
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

std::shared_ptr<const StateMask> MaskComputer::OfShortTokens(uint32_t state) {
  const std::optional<StackFrame::Hash> shape =
      workspace_.shapes().Of(workspace_.automaton(), state, TokenTable::kShortBytes);
  if (!shape) return nullptr;
  if (auto known = cache_.FindShape(*shape)) return known;
  auto made = std::make_shared<StateMask>(Compute(state, 0, table_.short_parts()));
  if (!workspace_.exceeded()) cache_.KeepShape(*shape, made);
  return made;
}

std::shared_ptr<const StateMask> MaskComputer::OfState(uint32_t state) {
  if (auto known = cache_.FindState(state)) return known;
  auto base = OfShortTokens(state);
  const size_t first = base ? table_.short_parts() : 0;
  auto made = std::make_shared<StateMask>(Compute(state, first, table_.parts().size()));
  made->base = std::move(base);
  if (!workspace_.exceeded()) cache_.KeepState(state, made);
  return made;
}

void MaskComputer::AddExits(const StackFrame* frame, const StateMask& mask,
                            std::span<uint32_t> bits) {
  const bool has_exits = !mask.exits.empty() || (mask.base && !mask.base->exits.empty());
  if (!has_exits || frame->is_bottom()) return;
  const Workspace::Mark mark = workspace_.mark();
  const Workspace::View view = workspace_.Return(frame);
  const auto walk = [&](const StateMask::Exit& exit) {
    const TokenTrie& trie = table_.parts()[exit.part].trie;
    const TokenTrie::Node& node = trie.nodes()[exit.node];
    TrieWalk(workspace_, trie)
        .Run(exit.node + 1, node.end, node.depth, view, 0,
             [&](uint32_t first, uint32_t last) { SetBits(bits, trie, first, last); },
             [](uint32_t) {});
  };
  for (const StateMask::Exit& exit : mask.exits) walk(exit);
  if (mask.base) {
    for (const StateMask::Exit& exit : mask.base->exits) walk(exit);
  }
  workspace_.Rewind(mark);
}

void MaskComputer::AddAll(std::span<const Item> items, std::span<uint32_t> bits) {
  const Workspace::Mark mark = workspace_.mark();
  const Workspace::View view = workspace_.Load(items, false);
  Runs short_runs(workspace_.automaton(), items), long_runs(workspace_.automaton(), items);
  for (size_t p = table_.parts().size(); p-- > 0;) {
    const TokenTable::Part& part = table_.parts()[p];
    const size_t run = (p < table_.short_parts() ? short_runs : long_runs).Of(part);
    const Shortcut shortcut = Find(part, run);
    if (shortcut.mask) {
      for (size_t i = 0; i < shortcut.mask->size(); ++i) bits[i] |= (*shortcut.mask)[i];
    }
    if (shortcut.whole) continue;
    TrieWalk(workspace_, part.trie)
        .Run(0, static_cast<uint32_t>(part.trie.node_count()), 0, view, shortcut.chars,
             [&](uint32_t first, uint32_t last) { SetBits(bits, part.trie, first, last); },
             [](uint32_t) {});
  }
  workspace_.Rewind(mark);
}

}  // namespace pano::grammar
