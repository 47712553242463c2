#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"

namespace pano::systemd {

// Tells the service manager what state the process is in: the protocol of sd_notify(3), datagrams of
// "NAME=VALUE" lines to the socket that NOTIFY_SOCKET names, a path or, behind '@', an abstract name.
// Does nothing where no manager listens. Thread-safe.
class Notifier {
 public:
  // InvalidArgument when NOTIFY_SOCKET is neither, or longer than an address can be.
  static Result<Notifier> FromEnvironment(Env& env = Env::Real());
  // "": nobody listens.
  static Result<Notifier> Create(std::string socket);

  bool active() const { return !socket_.empty(); }

  Status Ready(std::string_view status) const;      // requests are answered from now on
  Status Reloading(TimePoint now) const;            // until the next Ready
  Status Stopping(std::string_view status) const;   // drains
  Status Watchdog() const;                          // is alive

 private:
  explicit Notifier(std::string socket) : socket_(std::move(socket)) {}
  Status Send(const std::string& lines) const;

  std::string socket_;
};

}  // namespace pano::systemd
