#include "model/grammar/rule_automaton.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace pano::grammar {
namespace {

using ByteEdge = PushdownAutomaton::ByteEdge;
using CallEdge = PushdownAutomaton::CallEdge;
using NfaKind = ByteNfa::Edge::Kind;

constexpr uint32_t kUnseen = UINT32_MAX;

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

// Sets of states that empty edges reach.
class Closure {
 public:
  explicit Closure(const ByteNfa& nfa) : nfa_(nfa), stamp_(nfa.head.size(), 0) {}

  // The states that matter (the end, and those with a byte or a call) that `from` reaches, sorted.
  const std::vector<uint32_t>& Of(std::span<const uint32_t> from) {
    ++now_;
    out_.clear();
    todo_.clear();
    for (uint32_t state : from) Visit(state);
    while (!todo_.empty()) {
      const uint32_t state = todo_.back();
      todo_.pop_back();
      ++work_;
      bool matters = state == ByteNfa::kEnd;
      for (uint32_t i = nfa_.head[state]; i != ByteNfa::kNone; i = nfa_.edges[i].next) {
        if (nfa_.edges[i].kind == NfaKind::kEmpty) Visit(nfa_.edges[i].target);
        else matters = true;
      }
      if (matters) out_.push_back(state);
    }
    std::sort(out_.begin(), out_.end());
    return out_;
  }

  size_t work() const { return work_; }

 private:
  void Visit(uint32_t state) {
    if (stamp_[state] == now_) return;
    stamp_[state] = now_;
    todo_.push_back(state);
  }

  const ByteNfa& nfa_;
  std::vector<uint32_t> stamp_, todo_, out_;
  uint32_t now_ = 0;
  size_t work_ = 0;
};

// A state being made: its edges, before they go into the flat arrays.
struct Draft {
  std::vector<ByteEdge> edges;   // may overlap
  std::vector<CallEdge> calls;
  bool final = false;
};

void Gather(const ByteNfa& nfa, std::span<const uint32_t> members, Draft& draft) {
  draft.edges.clear();
  draft.calls.clear();
  draft.final = false;
  for (uint32_t member : members) {
    draft.final = draft.final || member == ByteNfa::kEnd;
    for (uint32_t i = nfa.head[member]; i != ByteNfa::kNone; i = nfa.edges[i].next) {
      const ByteNfa::Edge& edge = nfa.edges[i];
      if (edge.kind == NfaKind::kByte) draft.edges.push_back({edge.first, edge.last, edge.target});
      if (edge.kind == NfaKind::kCall) draft.calls.push_back({edge.rule, edge.target});
    }
  }
  std::sort(draft.edges.begin(), draft.edges.end(), [](const ByteEdge& a, const ByteEdge& b) {
    return a.first != b.first ? a.first < b.first : a.target < b.target;
  });
  std::sort(draft.calls.begin(), draft.calls.end(), [](const CallEdge& a, const CallEdge& b) {
    return a.rule != b.rule ? a.rule < b.rule : a.target < b.target;
  });
}

bool Overlaps(const std::vector<ByteEdge>& sorted) {
  for (size_t i = 0; i + 1 < sorted.size(); ++i) {
    if (sorted[i + 1].first <= sorted[i].last) return true;
  }
  return false;
}

void AppendEdge(std::vector<ByteEdge>& edges, size_t begin, ByteEdge edge) {
  if (edges.size() > begin && edges.back().target == edge.target &&
      edges.back().last + 1 == edge.first) {
    edges.back().last = edge.last;
  } else {
    edges.push_back(edge);
  }
}

class SubsetConstruction {
 public:
  SubsetConstruction(const ByteNfa& nfa, size_t states_max, size_t work_max)
      : nfa_(nfa), states_max_(states_max), work_max_(work_max), closure_(nfa),
        of_single_(nfa.head.size(), kUnseen) {}

  std::optional<RuleAutomaton> Run() {
    const uint32_t start = ByteNfa::kStart;
    Place({&start, 1});
    for (uint32_t state = 0; state < begin_.size() - 1; ++state) {
      if (begin_.size() - 1 > states_max_ || work() > work_max_) return {};
      Expand(state);
    }
    PushState(false);   // the sentinel
    return std::move(out_);
  }

  size_t work() const { return closure_.work() + work_; }

 private:
  void PushState(bool final) {
    out_.states.push_back({static_cast<uint32_t>(out_.edges.size()),
                           static_cast<uint32_t>(out_.calls.size()), final, true});
  }

  // The state for what `targets` reach by empty edges.
  uint32_t Place(std::span<const uint32_t> targets) {
    if (targets.size() == 1 && of_single_[targets[0]] != kUnseen) return of_single_[targets[0]];
    const std::vector<uint32_t>& members = closure_.Of(targets);
    uint64_t hash = members.size();
    for (uint32_t member : members) hash = Mix(hash, member);
    uint32_t& first = by_hash_.try_emplace(hash, kUnseen).first->second;
    uint32_t found = first;
    while (found != kUnseen && !IsSet(found, members)) found = same_hash_[found];
    if (found == kUnseen) {
      found = static_cast<uint32_t>(begin_.size() - 1);
      members_.insert(members_.end(), members.begin(), members.end());
      begin_.push_back(members_.size());
      same_hash_.push_back(first);
      first = found;
    }
    if (targets.size() == 1) of_single_[targets[0]] = found;
    return found;
  }

  bool IsSet(uint32_t state, const std::vector<uint32_t>& members) const {
    return std::equal(members_.begin() + static_cast<ptrdiff_t>(begin_[state]),
                      members_.begin() + static_cast<ptrdiff_t>(begin_[state + 1]),
                      members.begin(), members.end());
  }

  void Expand(uint32_t state) {
    // Copied: Place appends to members_.
    const std::vector<uint32_t> members(members_.begin() + static_cast<ptrdiff_t>(begin_[state]),
                                        members_.begin() + static_cast<ptrdiff_t>(begin_[state + 1]));
    Gather(nfa_, members, draft_);
    work_ += draft_.edges.size() + draft_.calls.size();
    PushState(draft_.final);
    if (Overlaps(draft_.edges)) SplitEdges();
    else CopyEdges();
    for (size_t i = 0; i < draft_.calls.size();) {
      const uint32_t rule = draft_.calls[i].rule;
      targets_.clear();
      for (; i < draft_.calls.size() && draft_.calls[i].rule == rule; ++i) {
        targets_.push_back(draft_.calls[i].target);
      }
      const uint32_t target = Place(targets_);
      out_.calls.push_back({rule, target});
    }
  }

  void CopyEdges() {
    const size_t begin = out_.edges.size();
    for (const ByteEdge& edge : draft_.edges) {
      AppendEdge(out_.edges, begin, {edge.first, edge.last, Place({&edge.target, 1})});
    }
  }

  // Cuts the bytes where an edge begins or ends; the bytes between two cuts go to the same states.
  void SplitEdges() {
    std::array<bool, 257> cut{};
    for (const ByteEdge& edge : draft_.edges) cut[edge.first] = cut[edge.last + 1] = true;
    const size_t begin = out_.edges.size();
    size_t first_open = 0;
    for (unsigned from = 0; from < 256;) {
      unsigned to = from + 1;
      while (to < 256 && !cut[to]) ++to;
      targets_.clear();
      while (first_open < draft_.edges.size() && draft_.edges[first_open].last < from) ++first_open;
      for (size_t i = first_open; i < draft_.edges.size() && draft_.edges[i].first <= from; ++i) {
        ++work_;
        if (draft_.edges[i].last >= from) targets_.push_back(draft_.edges[i].target);
      }
      if (!targets_.empty()) {
        std::sort(targets_.begin(), targets_.end());
        targets_.erase(std::unique(targets_.begin(), targets_.end()), targets_.end());
        AppendEdge(out_.edges, begin,
                   {static_cast<uint8_t>(from), static_cast<uint8_t>(to - 1), Place(targets_)});
      }
      from = to;
    }
  }

  const ByteNfa& nfa_;
  const size_t states_max_, work_max_;
  Closure closure_;
  RuleAutomaton out_;
  std::vector<uint32_t> members_;            // the sets, one after the other
  std::vector<size_t> begin_ = {0};          // [states + 1]
  std::vector<uint32_t> same_hash_;          // by state: another one with the same hash
  std::unordered_map<uint64_t, uint32_t> by_hash_;
  std::vector<uint32_t> of_single_;          // by state of the NFA: where it alone leads
  std::vector<uint32_t> targets_;
  Draft draft_;
  size_t work_ = 0;
};

}  // namespace

std::optional<RuleAutomaton> Determinize(const ByteNfa& nfa, size_t states_max, size_t work_max,
                                         size_t& work) {
  SubsetConstruction construction(nfa, states_max, work_max);
  std::optional<RuleAutomaton> out = construction.Run();
  work = construction.work();
  return out;
}

std::optional<RuleAutomaton> RemoveEmptyEdges(const ByteNfa& nfa, size_t edges_max) {
  Closure closure(nfa);
  RuleAutomaton out;
  std::vector<uint32_t> place(nfa.head.size(), kUnseen), order = {ByteNfa::kStart};
  place[ByteNfa::kStart] = 0;
  const auto place_of = [&](uint32_t state) {
    if (place[state] == kUnseen) {
      place[state] = static_cast<uint32_t>(order.size());
      order.push_back(state);
    }
    return place[state];
  };
  Draft draft;
  const auto push_state = [&](bool deterministic) {
    out.states.push_back({static_cast<uint32_t>(out.edges.size()),
                          static_cast<uint32_t>(out.calls.size()), draft.final, deterministic});
  };
  for (size_t i = 0; i < order.size(); ++i) {
    const uint32_t state = order[i];
    Gather(nfa, closure.Of({&state, 1}), draft);
    push_state(!Overlaps(draft.edges));
    for (ByteEdge edge : draft.edges) {
      edge.target = place_of(edge.target);
      out.edges.push_back(edge);
    }
    for (CallEdge call : draft.calls) {
      call.target = place_of(call.target);
      out.calls.push_back(call);
    }
    if (out.edges.size() + out.calls.size() + closure.work() > edges_max) return {};
  }
  push_state(true);
  return out;
}

namespace {

class SuffixMerger {
 public:
  explicit SuffixMerger(const RuleAutomaton& in)
      : in_(in), same_(in.state_count(), kUnseen), next_hash_(in.state_count(), kUnseen) {}

  RuleAutomaton Run() {
    VisitAfterTargets();
    return Renumber();
  }

 private:
  // Depth first, a state after those that it leads to, except along edges that close a cycle.
  void VisitAfterTargets() {
    std::vector<std::pair<uint32_t, uint32_t>> path = {{0, 0}};   // state, next edge
    std::vector<bool> seen(in_.state_count(), false);
    seen[0] = true;
    while (!path.empty()) {
      auto& [state, next] = path.back();
      const auto edges = in_.EdgesOf(state);
      const auto calls = in_.CallsOf(state);
      if (next == edges.size() + calls.size()) {
        Settle(state);
        path.pop_back();
        continue;
      }
      const uint32_t target =
          next < edges.size() ? edges[next].target : calls[next - edges.size()].target;
      ++next;
      if (seen[target]) continue;
      seen[target] = true;
      path.emplace_back(target, 0);
    }
  }

  uint32_t Resolve(uint32_t state) const { return same_[state] == kUnseen ? state : same_[state]; }

  void Settle(uint32_t state) {
    uint64_t hash = in_.states[state].final;
    for (const ByteEdge& edge : in_.EdgesOf(state)) {
      hash = Mix(hash, edge.first * 256u + edge.last);
      hash = Mix(hash, Resolve(edge.target));
    }
    for (const CallEdge& call : in_.CallsOf(state)) {
      hash = Mix(hash, (uint64_t{1} << 32) + call.rule);
      hash = Mix(hash, Resolve(call.target));
    }
    uint32_t& first = by_hash_.try_emplace(hash, kUnseen).first->second;
    for (uint32_t other = first; other != kUnseen; other = next_hash_[other]) {
      if (!IsSame(state, other)) continue;
      same_[state] = other;
      return;
    }
    next_hash_[state] = first;
    first = state;
    same_[state] = state;
  }

  bool IsSame(uint32_t a, uint32_t b) const {
    return in_.states[a].final == in_.states[b].final &&
           std::ranges::equal(in_.EdgesOf(a), in_.EdgesOf(b),
                              [&](const ByteEdge& x, const ByteEdge& y) {
                                return x.first == y.first && x.last == y.last &&
                                       Resolve(x.target) == Resolve(y.target);
                              }) &&
           std::ranges::equal(in_.CallsOf(a), in_.CallsOf(b),
                              [&](const CallEdge& x, const CallEdge& y) {
                                return x.rule == y.rule && Resolve(x.target) == Resolve(y.target);
                              });
  }

  RuleAutomaton Renumber() const {
    RuleAutomaton out;
    std::vector<uint32_t> place(in_.state_count(), kUnseen), order;
    const auto place_of = [&](uint32_t state) {
      state = Resolve(state);
      if (place[state] == kUnseen) {
        place[state] = static_cast<uint32_t>(order.size());
        order.push_back(state);
      }
      return place[state];
    };
    place_of(0);
    for (size_t i = 0; i < order.size(); ++i) {
      out.states.push_back({static_cast<uint32_t>(out.edges.size()),
                            static_cast<uint32_t>(out.calls.size()), in_.states[order[i]].final,
                            true});
      const size_t begin = out.edges.size();
      for (const ByteEdge& edge : in_.EdgesOf(order[i])) {
        AppendEdge(out.edges, begin, {edge.first, edge.last, place_of(edge.target)});
      }
      for (const CallEdge& call : in_.CallsOf(order[i])) {
        out.calls.push_back({call.rule, place_of(call.target)});
      }
    }
    out.states.push_back({static_cast<uint32_t>(out.edges.size()),
                          static_cast<uint32_t>(out.calls.size()), false, true});
    return out;
  }

  const RuleAutomaton& in_;
  std::vector<uint32_t> same_;        // by state: the one that stands for it
  std::vector<uint32_t> next_hash_;
  std::unordered_map<uint64_t, uint32_t> by_hash_;
};

}  // namespace

RuleAutomaton MergeSuffixes(const RuleAutomaton& automaton) { return SuffixMerger(automaton).Run(); }

}  // namespace pano::grammar
