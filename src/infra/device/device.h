#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace pano::device {

// Do not renumber: the kind is written into reports.
enum class DeviceKind : uint8_t {
  kCpu = 0,
  kCuda = 1,
  kSimulated = 2,  // an accelerator played in host memory, for tests and planning
};
std::string_view DeviceKindName(DeviceKind kind);

// Memory of a device, given back when the value dies. Move-only; thread-compatible.
class Buffer {
 public:
  using Free = std::function<void(std::byte* data, size_t bytes)>;

  Buffer() = default;
  Buffer(std::byte* data, size_t bytes, Free free)
      : data_(data), bytes_(bytes), free_(std::move(free)) {}
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() { Reset(); }

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  void Reset();

  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
  Free free_;
};

// What computes and where its memory lies: one CPU with all of its cores, one GPU, one simulated
// accelerator. What it can compute (operators) is no business of this layer: `model/ops` has an
// implementation for each kind. Thread-safe; outlives the buffers that it gave.
class Device {
 public:
  virtual ~Device() = default;

  virtual DeviceKind kind() const = 0;
  virtual std::string name() const = 0;  // "cpu", "cuda:0": for messages and logs
  // Features that implementations select code by, as bits whose meaning depends on the kind: for a
  // CPU kernels::CpuFeature, for CUDA the compute capability.
  virtual uint64_t capabilities() const = 0;
  virtual uint64_t memory_bytes() const = 0;  // what this process may have of it; 0: unknown

  // Memory that reads as zeros, aligned to kAlignment. Large areas cost nothing until they are
  // written. Exhausted when it cannot be had.
  virtual Result<Buffer> Allocate(size_t bytes) = 0;

  static constexpr size_t kAlignment = 64;  // a cache line, and the widest vector
};

}  // namespace pano::device
