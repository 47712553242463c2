#include "infra/device/cpu_device.h"

#include <unistd.h>

#include <cstdlib>

#include "base/strings.h"

namespace pano::device {

uint64_t CpuDevice::memory_bytes() const {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) : 0;
}

Result<Buffer> CpuDevice::Allocate(size_t bytes) {
  // No process has more addresses.
  constexpr size_t kMost = size_t{1} << 47;
  // calloc and not aligned_alloc: large areas come as untouched zero pages. The pointer that it
  // gave is kept just in front of the aligned block.
  std::byte* base = nullptr;
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
