#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "model/grammar/local_shape.h"
#include "model/grammar/pushdown_automaton.h"
#include "model/grammar/stack_frame.h"

namespace pano::grammar {

// A state with the stack below it.
struct Item {
  uint32_t state = 0;
  const StackFrame* frame = nullptr;
};

// Steps over bytes, with the memory that they need: configurations lie one after the other as on a
// stack and are dropped from its end, so that a walk over a trie goes back for free.
//
// A configuration is the set of items that can read the next byte, and whether the text may end
// here. A step follows all paths at once, each (state, stack) once: Earley's algorithm over
// automata instead of rules, with calls at the end of a rule replaced by jumps. Confined to one
// thread; the automaton outlives it.
class Workspace {
 public:
  // A step that would make more items than this is refused: bounded work for ambiguous grammars.
  static constexpr size_t kItemsMax = 1 << 12;
  static constexpr size_t kWorkMax = 1 << 17;       // visits of edges and returns in one step
  static constexpr size_t kMaskWorkMax = 1 << 22;   // the same for all steps of one mask

  struct View {
    size_t begin = 0, end = 0;   // of the items
    bool accepting = false;
    bool alive() const { return end > begin || accepting; }
  };
  struct Mark {
    size_t items = 0, frames = 0;
  };

  explicit Workspace(const PushdownAutomaton& automaton);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // What the root can read first.
  View Start();
  // A configuration from elsewhere.
  View Load(std::span<const Item> items, bool accepting);
  // A state alone, with nothing but the bottom below: what follows its rule shows as accepting.
  View LoadAlone(uint32_t state);
  // After one byte more. Not alive: the byte cannot follow, or exceeded().
  View Step(const View& from, uint8_t byte);
  // Where the calls of `frame` go on when they return.
  View Return(const StackFrame* frame);

  std::span<const Item> items(const View& view) const {
    return {items_.data() + view.begin, view.end - view.begin};
  }
  // A step was too large since the last ClearExceeded.
  bool exceeded() const { return exceeded_; }
  void ClearExceeded() { exceeded_ = false; }
  // Of all steps from now on together; steps of the usual kind (one path) do not count.
  void LimitWork(size_t visits) { work_left_ = visits; }

  Mark mark() const { return {items_.size(), frames_used_}; }
  // Drops the configurations and frames that were made since.
  void Rewind(const Mark& mark);

  // Items whose frames live on their own: those of this workspace since `mark` are copied. Each
  // frame comes with a reference that the caller releases.
  std::vector<Item> Keep(const View& view, const Mark& mark);

  const PushdownAutomaton& automaton() const { return automaton_; }
  LocalShape& shapes() { return shapes_; }

 private:
  void BeginStep();
  View EndStep();
  void Add(uint32_t state, const StackFrame* frame);
  bool IsKnown(uint32_t state, const StackFrame* frame);
  void AddToIndex(size_t place);
  void Follow(const Item& item);
  void Call(const PushdownAutomaton::CallEdge& call, const StackFrame* frame);
  StackFrame* NewFrame(uint32_t rule);
  static uint64_t Slot(uint32_t state, const StackFrame* frame);

  const PushdownAutomaton& automaton_;
  std::vector<Item> items_;
  std::deque<StackFrame> frames_;     // used again after Rewind
  std::vector<StackFrame*> sealed_;   // frames in use, those below before those above
  size_t frames_used_ = 0;

  // Of the step in progress.
  uint64_t step_ = 0;
  std::vector<Item> work_;
  std::vector<uint32_t> index_;       // a hash table over work_, in use from kIndexFrom items
  bool indexed_ = false;
  struct Called {
    uint64_t step = 0;
    StackFrame* frame = nullptr;
  };
  std::vector<Called> called_;        // by rule
  std::vector<StackFrame*> fresh_;
  size_t work_done_ = 0;
  size_t work_left_ = SIZE_MAX;       // of steps to come
  bool accepting_ = false;
  bool exceeded_ = false;

  LocalShape shapes_;
};

// Workspaces of one automaton, kept for their memory. Thread-safe.
class WorkspacePool {
 public:
  explicit WorkspacePool(const PushdownAutomaton& automaton) : automaton_(automaton) {}

  // One workspace, taken for as long as this lives. Confined to one thread.
  class Lease {
   public:
    explicit Lease(WorkspacePool& pool) : pool_(pool), workspace_(pool.Take()) {}
    ~Lease() { pool_.Give(std::move(workspace_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Workspace& operator*() { return *workspace_; }
    Workspace* operator->() { return workspace_.get(); }

   private:
    WorkspacePool& pool_;
    std::unique_ptr<Workspace> workspace_;
  };

 private:
  std::unique_ptr<Workspace> Take();
  void Give(std::unique_ptr<Workspace> workspace);

  const PushdownAutomaton& automaton_;
  Mutex mu_;
  std::vector<std::unique_ptr<Workspace>> idle_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::grammar
