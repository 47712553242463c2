#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace pano::grammar {

// A call that has not returned: the states to go on in when it does, each with the frame below. One
// frame stands for all calls of a rule at one place of the text (a node of Tomita's graph-structured
// stack, an origin of Earley's). Immutable once its hash is set; then thread-safe.
struct StackFrame {
  struct Return {
    uint32_t state = 0;
    const StackFrame* below = nullptr;
  };
  using Hash = std::array<uint64_t, 2>;

  Hash hash{};      // of the returns and of all that lies below: the same stacks, the same hash
  std::vector<Return> returns;   // none: the bottom of the stack

  // Of a frame in a workspace: the step that made it and the called rule.
  uint64_t step = 0;
  uint32_t left_rank = 0;
  bool in_workspace = false;
  mutable bool wanted = false;                // Workspace::Keep
  mutable const StackFrame* kept = nullptr;   // its copy outside of the workspace

  mutable std::atomic<uint32_t> references{0};

  bool is_bottom() const { return returns.empty(); }
};

// The bottom of every stack.
const StackFrame* BottomFrame();

// Counts references to frames outside of workspaces. The last release frees the frame and whatever
// below it nobody else refers to, without recursion.
void Acquire(const StackFrame* frame);
void Release(const StackFrame* frame);

// Sorts the returns, drops repeated ones and sets the hash. REQUIRES: the frames below have theirs.
void Seal(StackFrame& frame);

// A step of both lanes of a hash.
StackFrame::Hash Combine(const StackFrame::Hash& hash, uint64_t value);

}  // namespace pano::grammar
