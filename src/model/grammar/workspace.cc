#include "model/grammar/workspace.h"

#include <algorithm>
#include <utility>

namespace pano::grammar {
namespace {

constexpr size_t kIndexFrom = 16;

}  // namespace

Workspace::Workspace(const PushdownAutomaton& automaton)
    : automaton_(automaton), called_(automaton.rules.size()) {}

void Workspace::BeginStep() {
  ++step_;
  work_.clear();
  fresh_.clear();
  indexed_ = false;
  work_done_ = 0;
  accepting_ = false;
}

uint64_t Workspace::Slot(uint32_t state, const StackFrame* frame) {
  return (state ^ frame->hash[0]) * 0x9E3779B97F4A7C15u >> 32;
}

void Workspace::AddToIndex(size_t place) {
  const size_t mask = index_.size() - 1;
  size_t slot = Slot(work_[place].state, work_[place].frame) & mask;
  while (index_[slot] != 0) slot = (slot + 1) & mask;
  index_[slot] = static_cast<uint32_t>(place + 1);
}

// Frames are compared by what they are, not where they lie: equal stacks that grew at different
// places of the text are followed once.
bool Workspace::IsKnown(uint32_t state, const StackFrame* frame) {
  const auto same = [&](const Item& item) {
    return item.state == state && (item.frame == frame || item.frame->hash == frame->hash);
  };
  if (!indexed_) return std::any_of(work_.begin(), work_.end(), same);
  const size_t mask = index_.size() - 1;
  for (size_t slot = Slot(state, frame) & mask; index_[slot] != 0; slot = (slot + 1) & mask) {
    if (same(work_[index_[slot] - 1])) return true;
  }
  return false;
}

void Workspace::Add(uint32_t state, const StackFrame* frame) {
  if (++work_done_ > kWorkMax || work_.size() >= kItemsMax) exceeded_ = true;
  if (exceeded_ || IsKnown(state, frame)) return;
  work_.push_back({state, frame});
  if (work_.size() < kIndexFrom) return;
  if (!indexed_ || work_.size() * 2 > index_.size()) {
    const size_t size = std::max<size_t>(4 * kIndexFrom, indexed_ ? index_.size() * 2 : 0);
    index_.assign(size, 0);
    indexed_ = true;
    for (size_t i = 0; i < work_.size(); ++i) AddToIndex(i);
  } else {
    AddToIndex(work_.size() - 1);
  }
}

StackFrame* Workspace::NewFrame(uint32_t rule) {
  if (frames_used_ == frames_.size()) frames_.emplace_back();
  StackFrame& frame = frames_[frames_used_++];
  frame.returns.clear();
  frame.step = step_;
  frame.left_rank = automaton_.rules[rule].left_rank;
  // Until it is sealed a frame is known by step and rule; no sealed one has such a hash.
  frame.hash = {step_, rule};
  frame.in_workspace = true;
  frame.wanted = false;
  frame.kept = nullptr;
  fresh_.push_back(&frame);
  return &frame;
}

void Workspace::Call(const PushdownAutomaton::CallEdge& call, const StackFrame* frame) {
  const uint32_t start = automaton_.rules[call.rule].start;
  if (call.target == PushdownAutomaton::CallEdge::kTail) return Add(start, frame);
  Called& called = called_[call.rule];
  const bool is_new = called.step != step_;
  if (is_new) called = {step_, NewFrame(call.rule)};
  if (++work_done_ > kWorkMax) exceeded_ = true;
  called.frame->returns.push_back({call.target, frame});
  if (is_new) Add(start, called.frame);
}

// What an item reaches without a byte. A rule that was called in this step does not return in it:
// where it may be empty, its caller has a path around the call.
void Workspace::Follow(const Item& item) {
  if (automaton_.states[item.state].final && item.frame->step != step_) {
    if (item.frame->is_bottom()) accepting_ = true;
    for (const StackFrame::Return& each : item.frame->returns) Add(each.state, each.below);
  }
  for (const PushdownAutomaton::CallEdge& call : automaton_.CallsOf(item.state)) {
    Call(call, item.frame);
  }
}

Workspace::View Workspace::EndStep() {
  View view{items_.size(), items_.size(), false};
  for (size_t i = 0; i < work_.size() && !exceeded_; ++i) Follow(Item(work_[i]));
  if (work_done_ > work_left_) exceeded_ = true;
  work_left_ -= std::min(work_left_, work_done_);
  if (exceeded_) {
    frames_used_ -= fresh_.size();
    return view;
  }
  if (fresh_.size() > 1) {
    std::sort(fresh_.begin(), fresh_.end(), [](const StackFrame* a, const StackFrame* b) {
      return a->left_rank < b->left_rank;
    });
  }
  for (StackFrame* frame : fresh_) {
    Seal(*frame);
    sealed_.push_back(frame);
  }
  for (const Item& item : work_) {
    if (!automaton_.EdgesOf(item.state).empty()) items_.push_back(item);
  }
  view.end = items_.size();
  view.accepting = accepting_;
  return view;
}

Workspace::View Workspace::Start() {
  BeginStep();
  Add(automaton_.rules[automaton_.root].start, BottomFrame());
  return EndStep();
}

Workspace::View Workspace::Load(std::span<const Item> items, bool accepting) {
  const size_t begin = items_.size();
  items_.insert(items_.end(), items.begin(), items.end());
  return {begin, items_.size(), accepting};
}

Workspace::View Workspace::LoadAlone(uint32_t state) {
  items_.push_back({state, BottomFrame()});
  return {items_.size() - 1, items_.size(), false};
}

Workspace::View Workspace::Return(const StackFrame* frame) {
  BeginStep();
  if (frame->is_bottom()) accepting_ = true;
  for (const StackFrame::Return& each : frame->returns) Add(each.state, each.below);
  return EndStep();
}

Workspace::View Workspace::Step(const View& from, uint8_t byte) {
  if (from.end - from.begin == 1) {
    // The usual case, without a set: one item, one edge, a state that neither calls nor returns.
    const Item item = items_[from.begin];
    const PushdownAutomaton::State& state = automaton_.states[item.state];
    if (state.deterministic) {
      for (const PushdownAutomaton::ByteEdge& edge : automaton_.EdgesOf(item.state)) {
        if (edge.first > byte) break;
        if (edge.last < byte) continue;
        if (!automaton_.IsPlain(edge.target)) {
          BeginStep();
          Add(edge.target, item.frame);
          return EndStep();
        }
        items_.push_back({edge.target, item.frame});
        return {items_.size() - 1, items_.size(), false};
      }
      return {items_.size(), items_.size(), false};
    }
  }
  BeginStep();
  for (size_t i = from.begin; i < from.end; ++i) {
    const Item item = items_[i];
    for (const PushdownAutomaton::ByteEdge& edge : automaton_.EdgesOf(item.state)) {
      if (edge.first > byte) break;
      if (edge.last >= byte) Add(edge.target, item.frame);
    }
  }
  return EndStep();
}

void Workspace::Rewind(const Mark& mark) {
  items_.resize(mark.items);
  sealed_.resize(mark.frames);
  frames_used_ = mark.frames;
}

std::vector<Item> Workspace::Keep(const View& view, const Mark& mark) {
  const auto want = [](const StackFrame* frame) {
    if (frame->in_workspace) frame->wanted = true;
  };
  std::vector<Item> out(items_.begin() + static_cast<ptrdiff_t>(view.begin),
                        items_.begin() + static_cast<ptrdiff_t>(view.end));
  for (const Item& item : out) want(item.frame);
  for (size_t i = sealed_.size(); i > mark.frames; --i) {
    if (!sealed_[i - 1]->wanted) continue;
    for (const StackFrame::Return& each : sealed_[i - 1]->returns) want(each.below);
  }
  const auto kept = [](const StackFrame* frame) { return frame->in_workspace ? frame->kept : frame; };
  for (size_t i = mark.frames; i < sealed_.size(); ++i) {
    StackFrame& frame = *sealed_[i];
    if (!frame.wanted) continue;
    auto copy = std::make_unique<StackFrame>();
    copy->hash = frame.hash;
    copy->returns = frame.returns;
    for (StackFrame::Return& each : copy->returns) {
      each.below = kept(each.below);
      Acquire(each.below);
    }
    frame.kept = copy.release();    // Release() frees it
  }
  for (Item& item : out) {
    item.frame = kept(item.frame);
    Acquire(item.frame);
  }
  return out;
}

std::unique_ptr<Workspace> WorkspacePool::Take() {
  {
    MutexLock lock(mu_);
    if (!idle_.empty()) {
      std::unique_ptr<Workspace> workspace = std::move(idle_.back());
      idle_.pop_back();
      return workspace;
    }
  }
  return std::make_unique<Workspace>(automaton_);
}

void WorkspacePool::Give(std::unique_ptr<Workspace> workspace) {
  workspace->Rewind({});
  workspace->ClearExceeded();
  workspace->LimitWork(SIZE_MAX);
  MutexLock lock(mu_);
  idle_.push_back(std::move(workspace));
}

}  // namespace pano::grammar
