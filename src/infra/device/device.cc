#include "infra/device/device.h"

namespace pano::device {

std::string_view DeviceKindName(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::kCpu:
      return "cpu";
    case DeviceKind::kCuda:
      return "cuda";
    case DeviceKind::kSimulated:
      return "simulated";
  }
  return "unknown";
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this == &other) return *this;
  Reset();
  data_ = std::exchange(other.data_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  free_ = std::move(other.free_);
  return *this;
}

void Buffer::Reset() {
  if (data_ && free_) free_(data_, bytes_);
  data_ = nullptr;
  bytes_ = 0;
}

}  // namespace pano::device
