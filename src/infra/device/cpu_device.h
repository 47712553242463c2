#pragma once

#include "infra/device/device.h"

namespace pano::device {

// The host's processor: its memory is the process's. `capabilities` is the mask of instruction sets
// that kernels may use. Thread-safe.
class CpuDevice final : public Device {
 public:
  explicit CpuDevice(uint64_t capabilities = 0) : capabilities_(capabilities) {}

  DeviceKind kind() const override { return DeviceKind::kCpu; }
  std::string name() const override { return "cpu"; }
  uint64_t capabilities() const override { return capabilities_; }
  uint64_t memory_bytes() const override;
  Result<Buffer> Allocate(size_t bytes) override;

 private:
  const uint64_t capabilities_;
};

}  // namespace pano::device
