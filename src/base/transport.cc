#include "base/transport.h"

#include "base/strings.h"

namespace pano {

Status Connection::WriteAll(std::span<const std::byte> bytes, TimePoint deadline) {
  while (!bytes.empty()) {
    PANO_ASSIGN_OR_RETURN(const size_t written, WriteSome(bytes, deadline));
    bytes = bytes.subspan(written);
  }
  return {};
}

Status Connection::ReadAll(std::span<std::byte> buffer, TimePoint deadline) {
  while (!buffer.empty()) {
    PANO_ASSIGN_OR_RETURN(const size_t read, ReadSome(buffer, deadline));
    if (read == 0) {
      return Status(StatusCode::kUnavailable, "the other end closed the connection")
          .WithReason("end_of_stream");
    }
    buffer = buffer.subspan(read);
  }
  return {};
}

Status DatagramSocket::CheckSize(size_t bytes) {
  if (bytes <= kBytesMax) return {};
  return InvalidArgument(StrCat("a datagram has at most ", kBytesMax, " bytes, not ", bytes));
}

}  // namespace pano
