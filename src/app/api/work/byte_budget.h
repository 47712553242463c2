#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace pano::api {

// Memory that many share: whoever wants some takes a lease, which gives it back when it goes.
// Outlives its leases. Thread-safe.
class ByteBudget {
 public:
  // A part of the budget. Confined to one thread at a time.
  class Lease {
   public:
    Lease() = default;
    Lease(ByteBudget* budget, size_t bytes) : budget_(budget), bytes_(bytes) {}
    ~Lease() { Release(); }
    Lease(Lease&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this == &other) return *this;
      Release();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = other.bytes_;
      return *this;
    }

    // Holds `bytes` from now on; false, and nothing changes, when that is more than is left.
    // REQUIRES: it came from Take.
    bool Grow(size_t bytes) {
      if (bytes <= bytes_) return true;
      const size_t more = bytes - bytes_;
      if (budget_->held_.fetch_add(more) + more > budget_->bytes_max_) {
        budget_->held_ -= more;
        return false;
      }
      bytes_ = bytes;
      return true;
    }

   private:
    void Release() {
      if (budget_ != nullptr) budget_->held_ -= bytes_;
      budget_ = nullptr;
    }
    ByteBudget* budget_ = nullptr;
    size_t bytes_ = 0;
  };

  explicit ByteBudget(size_t bytes_max) : bytes_max_(bytes_max) {}
  // Nothing when that is more than is left.
  std::optional<Lease> Take(size_t bytes) {
    if (held_.fetch_add(bytes) + bytes <= bytes_max_) return Lease(this, bytes);
    held_ -= bytes;
    return std::nullopt;
  }
  size_t held() const { return held_; }
  size_t bytes_max() const { return bytes_max_; }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> held_{0};
};

}  // namespace pano::api
