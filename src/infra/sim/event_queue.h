#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/check.h"

namespace pano::sim {

// Seconds of simulated time.
using Time = double;
inline constexpr Time kNever = std::numeric_limits<Time>::infinity();

// A pending event set: events come out by time, and those of one time in the order in which they were pushed,
// so that a run is a function of its inputs alone. A 4-ary implicit heap of 16-byte entries (LaMarca and
// Ladner, "The influence of caches on the performance of heaps", 1996) over a pool of payloads: nothing is
// allocated once the largest number of pending events was reached. Push and Pop are O(log n), Cancel is O(1).
// At most kPendingMax events wait at once, of kEventsMax in all. Thread-compatible.
template <typename Payload>
class EventQueue {
 public:
  // Names a pending event; 0 names none.
  using Handle = uint64_t;
  static constexpr uint64_t kPendingMax = uint64_t{1} << 24;
  static constexpr uint64_t kEventsMax = uint64_t{1} << 40;

  // REQUIRES: time >= 0 and finite, fewer than kPendingMax pending.
  Handle Push(Time time, Payload payload) {
    uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(slots_.size());
      PANO_CHECK(slot < kPendingMax);
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    PANO_CHECK(++order_ < kEventsMax);
    const Handle handle = (order_ << 24) | slot;
    slots_[slot] = {handle, std::move(payload)};
    heap_.emplace_back();
    SiftUp(heap_.size() - 1, {std::bit_cast<uint64_t>(time + 0.0), handle});
    return handle;
  }

  // Takes back a pending event; one that has come out or was cancelled is left alone.
  void Cancel(Handle handle) {
    if (handle == 0 || At(handle).handle != handle) return;
    Free(handle);
    ++stale_;
    if (stale_ > 64 && stale_ > heap_.size() / 2) Compact();
    DropStale();
  }

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size() - stale_; }
  // kNever when nothing is pending.
  Time next_time() const { return heap_.empty() ? kNever : std::bit_cast<Time>(heap_[0].time); }

  struct Event {
    Time time = 0;
    Payload payload;
  };
  // The first event. REQUIRES: !empty().
  Event Pop() {
    const Entry first = heap_[0];
    Event event{std::bit_cast<Time>(first.time), std::move(At(first.handle).payload)};
    Free(first.handle);
    RemoveFirst();
    DropStale();
    return event;
  }

 private:
  // Times are not negative, so their bits order as they do.
  struct Entry {
    uint64_t time = 0;
    Handle handle = 0;
    bool operator<(const Entry& other) const {
      return time != other.time ? time < other.time : handle < other.handle;
    }
  };
  struct Slot {
    Handle handle = 0;  // of the event that it holds; 0: free
    Payload payload = {};
  };
  static constexpr size_t kArity = 4;

  Slot& At(Handle handle) { return slots_[handle & (kPendingMax - 1)]; }
  void Free(Handle handle) {
    At(handle).handle = 0;
    free_.push_back(static_cast<uint32_t>(handle & (kPendingMax - 1)));
  }

  void SiftUp(size_t i, Entry entry) {
    while (i > 0) {
      const size_t parent = (i - 1) / kArity;
      if (!(entry < heap_[parent])) break;
      heap_[i] = heap_[parent];
      i = parent;
    }
    heap_[i] = entry;
  }

  // The hole sinks to a leaf along the least children and the last entry rises from there: most of the time
  // it belongs near a leaf, so it is compared with few (Wegener's bottom-up heap).
  void RemoveFirst() {
    const Entry last = heap_.back();
    heap_.pop_back();
    const size_t n = heap_.size();
    if (n == 0) return;
    size_t hole = 0;
    for (size_t child = 1; child < n; child = hole * kArity + 1) {
      size_t least = child;
      if (child + kArity <= n) {
        const size_t left = heap_[child + 1] < heap_[child] ? child + 1 : child;
        const size_t right = heap_[child + 3] < heap_[child + 2] ? child + 3 : child + 2;
        least = heap_[right] < heap_[left] ? right : left;
      } else {
        for (size_t k = child + 1; k < n; ++k) {
          if (heap_[k] < heap_[least]) least = k;
        }
      }
      heap_[hole] = heap_[least];
      hole = least;
    }
    SiftUp(hole, last);
  }

  void DropStale() {
    while (stale_ > 0 && !heap_.empty() && At(heap_[0].handle).handle != heap_[0].handle) {
      RemoveFirst();
      --stale_;
    }
  }

  // Drops all cancelled entries: a sorted array is a heap.
  void Compact() {
    std::erase_if(heap_, [this](const Entry& e) { return At(e.handle).handle != e.handle; });
    std::sort(heap_.begin(), heap_.end());
    stale_ = 0;
  }

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t stale_ = 0;    // cancelled entries that are still in the heap
  uint64_t order_ = 0;  // of the last event that was pushed
};

}  // namespace pano::sim
