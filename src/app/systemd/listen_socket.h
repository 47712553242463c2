#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/env.h"
#include "base/result.h"

namespace pano::systemd {

// A listening TCP socket that the service manager opened (socket activation).
struct ListenSocket {
  int descriptor = -1;
  std::string host;   // "127.0.0.1", "::"
  uint16_t port = 0;
};

// The socket of LISTEN_FDS and LISTEN_PID (sd_listen_fds(3)); nothing when there is none for this
// process. InvalidArgument when there are several, or it is not a listening TCP socket. The descriptor
// is closed on exec from now on.
Result<std::optional<ListenSocket>> TakeListenSocket(Env& env = Env::Real());

// What `descriptor` listens at.
Result<ListenSocket> DescribeSocket(int descriptor);

}  // namespace pano::systemd
