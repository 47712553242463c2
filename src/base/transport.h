#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/datagram.h"
#include "base/result.h"

namespace pano {

// One end of a stream of bytes in both directions; closed when destroyed. One thread may read while
// another writes; otherwise thread-compatible.
//
// Calls fail with Deadline when `deadline` comes first (TimePoint::max(): none; on the transport's
// clock), with Cancelled once the stop token of Dial or Listen is requested, and with Unavailable
// when the connection is broken. As with Env, a failure's message is the bare reason ("Connection
// reset by peer"): the caller wraps it in what it wanted from whom.
class Connection {
 public:
  virtual ~Connection() = default;
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Waits for bytes and takes at most buffer.size() of them. 0: the other end writes no more.
  // REQUIRES: buffer is not empty.
  virtual Result<size_t> ReadSome(std::span<std::byte> buffer, TimePoint deadline) = 0;
  // Waits for room and takes a first part of `bytes`, at least 1 unless it is empty. Ok does not
  // mean that the other end has it.
  virtual Result<size_t> WriteSome(std::span<const std::byte> bytes, TimePoint deadline) = 0;
  // The other end reads what was written before, then 0. Reading goes on.
  virtual Status CloseWrite() = 0;

  Status WriteAll(std::span<const std::byte> bytes, TimePoint deadline);
  // Fills the whole buffer; Unavailable with the reason "end_of_stream" when the stream ends
  // before.
  Status ReadAll(std::span<std::byte> buffer, TimePoint deadline);
};

// Where connections arrive; stops listening when destroyed. Thread-compatible.
class Listener {
 public:
  virtual ~Listener() = default;
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The next connection. Deadline and Cancelled as for Connection; Exhausted when the process has
  // no descriptor left.
  virtual Result<std::unique_ptr<Connection>> Accept(TimePoint deadline) = 0;
  // What others dial: the port is the real one where 0 was asked for.
  virtual const std::string& address() const = 0;
};

// How processes reach each other: sockets (base/socket_transport.h) or, in tests, a network in this
// process that delays, cuts, loses and partitions as a seed says (base/testing/sim_network.h).
// Thread-safe.
//
// An address is "host:port", "[v6 address]:port" or "unix:/path" (base/transport_address.h). `stop`
// ends every call on what comes of these functions (accepted connections included) with Cancelled,
// from any thread and for good.
class Transport {
 public:
  virtual ~Transport() = default;

  // Unavailable when nobody answers there (reason "host_not_found" when the name is unknown),
  // InvalidArgument for what is no address.
  virtual Result<std::unique_ptr<Connection>> Dial(const std::string& address, TimePoint deadline,
                                                   std::stop_token stop = {}) = 0;
  // Port 0 picks a free one.
  virtual Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                                   std::stop_token stop = {}) = 0;
  // A socket for datagrams (UDP); port 0 picks a free one. Unimplemented for Unix-domain sockets.
  virtual Result<std::unique_ptr<DatagramSocket>> OpenDatagrams(const std::string& address,
                                                                std::stop_token stop = {}) = 0;
  // What deadlines are measured by.
  virtual Clock& clock() = 0;

  static Transport& Real();  // sockets
};

}  // namespace pano
