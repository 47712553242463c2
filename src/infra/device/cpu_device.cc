#include "infra/device/cpu_device.h"

#include <cstdlib>

#include "base/process_limits.h"
#include "base/strings.h"

namespace pano::device {

uint64_t CpuDevice::memory_bytes() const {
  const uint64_t bytes = ReadProcessLimits().memory_bytes_limit();
  return bytes == UINT64_MAX ? 0 : bytes;
}

Result<Buffer> CpuDevice::Allocate(size_t bytes) {
  // No process has more addresses.
  constexpr size_t kMost = size_t{1} << 47;
  // Worth a look at the limits, which reads a few files.
  constexpr size_t kCheckedBytes = size_t{64} << 20;
  // calloc and not aligned_alloc: large areas come as untouched zero pages. The pointer that it
  // gave is kept just in front of the aligned block.
  std::byte* base = nullptr;
  if (bytes >= kCheckedBytes) {
    const ProcessLimits limits = ReadProcessLimits();
    if (bytes > limits.memory_bytes_limit()) {
      return Status(StatusCode::kExhausted,
                    StrCat("[device] cpu: no memory for ", bytes, " bytes: this process may have ",
                           FormatBytes(limits.memory_bytes_limit()), " (",
                           limits.memory_limit_from(), ")"));
    }
  }
  if (bytes < kMost) {
    base = static_cast<std::byte*>(std::calloc(bytes + kAlignment + sizeof(std::byte*), 1));
  }
  if (!base) {
    return Status(StatusCode::kExhausted, StrCat("[device] cpu: no memory for ", bytes, " bytes"));
  }
  const auto first = reinterpret_cast<uintptr_t>(base) + sizeof(std::byte*);
  const uintptr_t aligned = (first + kAlignment - 1) / kAlignment * kAlignment;
  std::byte* data = base + (aligned - reinterpret_cast<uintptr_t>(base));
  reinterpret_cast<std::byte**>(data)[-1] = base;
  return Buffer(data, bytes,
                [](std::byte* p, size_t) { std::free(reinterpret_cast<std::byte**>(p)[-1]); });
}

}  // namespace pano::device
