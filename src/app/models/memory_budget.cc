#include "app/models/memory_budget.h"

#include <algorithm>

#include "base/process_limits.h"
#include "base/strings.h"

namespace pano::models {
namespace {

// Activations, sockets, texts under way: an eighth of a small container, no more than this.
constexpr uint64_t kReserveBytesMax = uint64_t{256} << 20;

uint64_t Less(uint64_t a, uint64_t b) { return a - std::min(a, b); }

uint64_t LeftUnder(const ProcessLimits& limits, uint64_t promised) {
  const uint64_t left = limits.memory_bytes_left();
  if (left == UINT64_MAX) return left;
  const uint64_t reserve = std::min(limits.memory_bytes_limit() / 8, kReserveBytesMax);
  return Less(left, promised + reserve);
}

}  // namespace

uint64_t MemoryBudget::promised() const {
  MutexLock lock(mu_);
  return promised_;
}

uint64_t MemoryBudget::BytesLeft() const { return LeftUnder(ReadProcessLimits(*env_), promised()); }

int64_t MemoryBudget::KvBytes(uint64_t left_before, uint64_t weight_bytes) const {
  const uint64_t now = BytesLeft();
  const uint64_t with_weights = std::min(now, Less(left_before, weight_bytes));
  int64_t models = 1;
  {
    MutexLock lock(mu_);
    models = std::max<int64_t>(models_, 1);
  }
  const auto share = static_cast<int64_t>(
      std::min<uint64_t>(with_weights / static_cast<uint64_t>(models),
                         static_cast<uint64_t>(kKvBytesDefault)));
  const auto most = static_cast<int64_t>(std::min<uint64_t>(now, kKvBytesLeast));
  return std::max(share, most);
}

Status MemoryBudget::Take(uint64_t bytes) {
  const ProcessLimits limits = ReadProcessLimits(*env_);
  MutexLock lock(mu_);
  const uint64_t left = LeftUnder(limits, promised_);
  if (bytes > left) {
    return Status(StatusCode::kExhausted,
                  StrCat("[kv] keys and values take ", FormatBytes(bytes), "; of ",
                         FormatBytes(limits.memory_bytes_limit()), " (",
                         limits.memory_limit_from(), ") ", FormatBytes(left),
                         " are left: set --kv-bytes lower, or allow more memory"));
  }
  promised_ += bytes;
  models_ = std::max<int64_t>(models_ - 1, 1);
  return {};
}

void MemoryBudget::Release(uint64_t bytes) {
  MutexLock lock(mu_);
  promised_ = Less(promised_, bytes);
  ++models_;
}

}  // namespace pano::models
