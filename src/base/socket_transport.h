#pragma once

#include <memory>
#include <string>

#include "base/transport.h"

namespace pano {

// TCP, UDP and Unix-domain sockets, blocking by poll. Thread-safe.
class SocketTransport final : public Transport {
 public:
  struct Options {
    // Of the kernel's buffers, each way; 0: the kernel's choice. Small ones make tests block early.
    int buffer_bytes = 0;
  };
  SocketTransport() = default;
  explicit SocketTransport(Options options) : options_(options) {}

  Result<std::unique_ptr<Connection>> Dial(const std::string& address, TimePoint deadline,
                                           std::stop_token stop = {}) override;
  // A Unix-domain listener removes its file when it ends, not what it finds in its way.
  Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                           std::stop_token stop = {}) override;
  Result<std::unique_ptr<DatagramSocket>> OpenDatagrams(const std::string& address,
                                                        std::stop_token stop = {}) override;
  Clock& clock() override { return Clock::Real(); }

 private:
  const Options options_;
};

}  // namespace pano
