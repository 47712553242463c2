#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"

namespace pano::format {

// Reads little-endian values one after the other from bytes that are not trusted: what is not there
// is Corruption, and nothing is allocated. Confined to one thread.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  // A number; `field` names it in a failure.
  template <typename T>
  Status Read(std::string_view field, T& out) {
    if (remaining() < sizeof(T)) return Truncated(field, sizeof(T));
    std::memcpy(&out, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return {};
  }

  // A text with its length (64 bits) in front, at most `bytes_max`; it points into the bytes.
  Status ReadText(std::string_view field, uint64_t bytes_max, std::string_view& out) {
    uint64_t length = 0;
    PANO_RETURN_IF_ERROR(Read(field, length));
    if (length > remaining()) return Truncated(field, length);
    if (length > bytes_max) {
      return Corruption(StrCat(field, ": ", length, " bytes long, the limit is ", bytes_max));
    }
    out = {reinterpret_cast<const char*>(bytes_.data()) + position_, static_cast<size_t>(length)};
    position_ += out.size();
    return {};
  }

 private:
  Status Truncated(std::string_view field, uint64_t wanted) const {
    return Corruption(StrCat(field, ": claims ", wanted, " bytes at offset ", position_,
                             ", the file has ", remaining(), " there"));
  }

  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

}  // namespace pano::format
