#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano {

// Where a Transport listens or dials: "host:port", "[v6 address]:port" or "unix:/path". A value.
struct TransportAddress {
  // The longest name that DNS has, and the longest path that sockaddr_un holds.
  static constexpr size_t kHostBytesMax = 253;
  static constexpr size_t kPathBytesMax = 107;

  std::string host;   // without brackets; "" for a Unix-domain socket
  uint16_t port = 0;  // 0 where a listener takes a free one
  std::string path;   // of a Unix-domain socket; "" for a host

  bool is_unix() const { return !path.empty(); }
  std::string ToString() const;  // parses to the same
  bool operator==(const TransportAddress&) const = default;
};

// InvalidArgument for what is no address: a host that is missing, too long or has NUL bytes, a port
// that is no number up to 65535. Names are not looked up.
Result<TransportAddress> ParseTransportAddress(std::string_view text);

}  // namespace pano
