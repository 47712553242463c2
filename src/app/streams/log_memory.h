#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace pano::streams {

// What all logs of a store may hold together. Thread-safe.
struct LogMemory {
  explicit LogMemory(size_t max) : bytes_max(max) {}

  const size_t bytes_max;
  std::atomic<size_t> bytes{0};
};

// One tenant's part of it, which all of its logs share. A tenant may hold kFactor times what nobody holds: alone
// three quarters of all, two of them three sevenths each. So whoever comes next always finds room, and who is
// alone has most of it, without a table of tenants: the dynamic thresholds of Choudhury and Hahne ("Dynamic
// Queue Length Thresholds for Shared-Memory Packet Switches", 1998). Thread-safe; what several logs add at
// once may be above the bound by one event each.
class LogShare {
 public:
  static constexpr size_t kFactor = 3;

  explicit LogShare(std::shared_ptr<LogMemory> all) : all_(std::move(all)) {}
  LogShare(const LogShare&) = delete;
  LogShare& operator=(const LogShare&) = delete;

  void Add(size_t bytes) {
    bytes_ += bytes;
    all_->bytes += bytes;
  }
  void Remove(size_t bytes) {
    bytes_ -= bytes;
    all_->bytes -= bytes;
  }
  // Whether the tenant holds as much as it may, if `droppable` bytes of what it holds were gone.
  bool full(size_t droppable = 0) const {
    const size_t held = all_->bytes.load() - droppable;
    const size_t free = all_->bytes_max - (held < all_->bytes_max ? held : all_->bytes_max);
    return bytes_.load() - droppable >= kFactor * free;
  }
  size_t bytes() const { return bytes_.load(); }

 private:
  const std::shared_ptr<LogMemory> all_;
  std::atomic<size_t> bytes_{0};
};

}  // namespace pano::streams
