#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace pano {

// A received datagram.
struct Datagram {
  size_t bytes = 0;  // of the whole of it; what the buffer had no room for is lost
  std::string from;  // the sender's address, to answer to
};

// A socket for messages that may be lost, come twice, or overtake each other, but come whole.
// Closed when destroyed. One thread may receive while another sends; otherwise thread-compatible.
//
// Failures as for Connection: Deadline, Cancelled once the stop token of OpenDatagrams is
// requested.
class DatagramSocket {
 public:
  static constexpr size_t kBytesMax = 65507;  // of UDP over IPv4

  virtual ~DatagramSocket() = default;
  DatagramSocket() = default;
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  // Ok does not mean that it arrives, or that anybody is there. InvalidArgument for what is no
  // address or has more than kBytesMax bytes.
  virtual Status SendTo(const std::string& address, std::span<const std::byte> bytes) = 0;
  // Waits for one.
  virtual Result<Datagram> ReceiveFrom(std::span<std::byte> buffer, TimePoint deadline) = 0;
  // What others send to: the port is the real one where 0 was asked for.
  virtual const std::string& address() const = 0;

 protected:
  static Status CheckSize(size_t bytes);
};

}  // namespace pano
