#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "app/http/body_sink.h"
#include "app/http/http.h"
#include "app/http/loop_internal.h"
#include "app/http/message/request_parser.h"
#include "app/http/message/response_head.h"
#include "app/http/tls/tls_certificates.h"
#include "app/http/tls/tls_session.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pano::http {

// What all connections of a server share. Thread-safe.
struct ServerContext {
  // Constant after construction.
  ServerOptions options;
  Handler handler;
  Server::ErrorBody error_body;
  Clock* clock = &Clock::Real();  // of Drain's time limit
  Server::HeadCheck head_check;  // may be empty
  BodyRules body_rules;  // the same
  std::unique_ptr<TlsCertificates> certificates;  // null: plain HTTP

  std::atomic<int64_t> connections{0};
  std::atomic<int64_t> requests{0};
  std::atomic<int64_t> refused{0};
  std::atomic<bool> draining{false};
  std::atomic<size_t> body_bytes{0};  // of all bodies that are being read or held

  // Connections that are in the middle of a request or its answer.
  Mutex mu;
  CondVar changed;
  int64_t busy PANO_GUARDED_BY(mu) = 0;

  void AddBusy(int64_t by);
};

// A body's share of what all bodies may hold; given back when it goes. Confined to one thread at a
// time.
class BodyLease {
 public:
  explicit BodyLease(std::shared_ptr<ServerContext> context) : context_(std::move(context)) {}
  ~BodyLease() { Release(); }
  BodyLease(BodyLease&& other) noexcept
      : context_(other.context_), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyLease(const BodyLease&) = delete;
  BodyLease& operator=(const BodyLease&) = delete;
  BodyLease& operator=(BodyLease&&) = delete;

  // Holds `bytes` from now on; false when that is more than all may have.
  bool Grow(size_t bytes);
  void Release();

 private:
  const std::shared_ptr<ServerContext> context_;
  size_t bytes_ = 0;
};

// What an exchange may ask from any thread. Written by the connection's loop and the exchange.
struct ExchangeState {
  std::atomic<bool> closed{false};       // the peer went before the answer was complete
  std::atomic<size_t> pending_bytes{0};  // handed to Write and not yet with the operating system
};

// One accepted socket: reads requests one after the other, hands each to the handler, writes the
// answer. Confined to its loop's thread; an Exchange reaches it by Loop::Post. A method that takes
// an exchange's number ignores it when that exchange is over.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  Connection(std::shared_ptr<ServerContext> context, std::shared_ptr<Loop> loop, Socket socket);
  ~Connection();

  void Start();
  void StartRefused();  // answers 503 and closes
  void CloseIfIdle();
  void Abort();  // as if the peer had gone

  void Respond(uint64_t number, Response response);
  void BeginStream(uint64_t number, int status, Headers headers);
  // `from_task`: nobody who writes is below on the stack, so callbacks may be called.
  void Write(uint64_t number, std::string data, bool from_task);
  // Whether Write of this exchange may be called now: its head is on its way.
  bool IsStreaming(uint64_t number) const { return Owns(number) && streaming_; }
  void Finish(uint64_t number);
  void Dropped(uint64_t number);
  void CutOff(uint64_t number);
  void SetOnDrained(uint64_t number, std::function<void()> callback);
  void SetOnClosed(uint64_t number, const ExchangeState& state, std::function<void()> callback);
  void RunAfter(uint64_t number, std::chrono::milliseconds delay, std::function<void()> task);

  Loop& loop() { return *loop_; }

  // Runs a callback of this connection. One that throws (out of memory) ends the connection, and
  // nothing else.
  template <typename Task>
  void Guarded(Task&& task) {
    try {
      task();
    } catch (const std::exception& thrown) {
      OnThrown(thrown.what());
    } catch (...) {
      OnThrown("something unknown");
    }
  }

 private:
  enum class Phase {
    kHandshake,  // of TLS
    kIdle,  // no byte of a request has come
    kHead,
    kBody,
    kExchange,   // the handler has the request and owes (the rest of) the answer
    kFlushing,   // the answer is complete and being written
    kLingering,  // we have said goodbye and wait for the peer to read it
    kClosed,
  };
  struct Output {
    std::string bytes;
    size_t payload;  // bytes that an exchange counts as pending
  };

  static bool IsBusy(Phase phase);
  void SetPhase(Phase phase);
  bool Owns(uint64_t number) const { return phase_ == Phase::kExchange && number == number_; }

  // TLS.
  bool ReceiveTls(std::string_view wire);
  void OnHandshake();
  void OnTlsFailed();
  void Encrypt();
  void FlushTls();
  void SendTlsEnd();

  // Reading.
  void Read();
  void OnRead(const boost::system::error_code& error, size_t n);
  void OnEnd(bool orderly);
  void WatchPausedPeer();
  void Advance();
  void AdvanceRequest();
  void OnHead();
  void OnHeadDecided(uint64_t number, std::optional<Response> refusal);
  void ReadBody();
  size_t BodyLimit(const Request& head);
  void GiveBody(bool last);
  void OnBodyTaken(uint64_t number, bool more);
  // `body_left`: the rest of its body is not wanted, and the connection ends with the answer.
  void StartExchange(bool body_left = false);
  void OnReadTimeout();
  void OnThrown(const char* what) noexcept;

  // Answering.
  void Refuse(int status, std::string_view message);
  void RefuseRequest(const Server::OwnError& error);
  void RefuseWith(Response response, std::string_view request_id);
  void SendWhole(Response response, std::string_view request_id);
  std::string MakeHead(int status, const Headers& headers, BodyFraming framing, uint64_t length,
                       std::string_view request_id);
  void EndExchange();
  void Queue(std::string bytes, size_t payload);
  size_t SendChunkNow(std::string_view head, std::string_view data);
  void OnDrained();
  void Flush();
  bool WriteNow(std::span<const boost::asio::const_buffer> buffers);
  uint64_t BytesTaken() const;
  void ArmWriteTimer();
  void OnWriteTimeout();
  void OnWritten(const boost::system::error_code& error, size_t n);
  void OnAnswered();

  // Ending.
  void Linger();
  void OnPeerGone();
  void Close();

  // Calls `then` so late unless it is armed for something else, or disarmed, before. A timer of the
  // system's that ends earlier is left to end and then looks at what is due: most requests come and are
  // answered without one being set.
  void ArmReadTimer(std::chrono::milliseconds after, void (Connection::*then)());
  void DisarmReadTimer() { read_then_ = nullptr; }
  void SetReadTimer();
  void OnReadTimer();

  const std::shared_ptr<ServerContext> context_;
  const std::shared_ptr<Loop> loop_;
  Socket socket_;
  std::string peer_;

  Phase phase_ = Phase::kIdle;
  boost::asio::steady_timer read_timer_;  // limits of the phase
  bool read_timer_set_ = false;
  uint64_t read_timer_round_ = 0;
  std::chrono::steady_clock::time_point read_due_;
  void (Connection::*read_then_)() = nullptr;  // null: nothing is due
  boost::asio::steady_timer write_timer_;
  uint64_t write_timer_round_ = 0;

  bool reading_ = false;
  bool peer_finished_ = false;  // end of file seen
  std::array<char, 16 << 10> read_buffer_;
  std::string in_;  // read, decrypted and not yet parsed
  std::optional<RequestParser> parser_;
  std::optional<BodyLease> body_;  // of the request that is being read
  bool head_waits_ = false;        // for the head check's decision: nothing is read
  uint64_t heads_checked_ = 0;
  std::shared_ptr<BodySink> sink_;  // of the request that is being read; null: its body is kept
  bool sink_waits_ = false;         // for a piece to be taken: nothing is read
  uint64_t pieces_given_ = 0;

  bool writing_ = false;
  bool write_timer_armed_ = false;
  uint64_t bytes_sent_ = 0;   // handed to the operating system, encrypted where there is TLS
  uint64_t taken_before_ = 0; // by the peer when the timer was armed
  uint64_t taken_due_ = 0;    // how much more it has to take until the timer ends
  std::deque<Output> out_;
  size_t out_offset_ = 0;  // of the front that is written

  std::unique_ptr<TlsSession> tls_;  // null: plain
  bool refuse_when_open_ = false;    // there are connections enough
  bool shut_when_written_ = false;
  std::string client_certificate_sha256_;
  std::string wire_;        // TLS records that are being written
  size_t wire_offset_ = 0;
  size_t wire_plain_ = 0;   // bytes of out_ that are in them

  // The exchange at hand.
  uint64_t number_ = 0;
  std::shared_ptr<ExchangeState> state_;
  std::shared_ptr<void> answer_held_;  // of a whole answer that is on its way
  std::string request_id_;
  std::string origin_;
  int version_minor_ = 1;
  bool keep_alive_ = true;
  bool is_head_request_ = false;
  bool streaming_ = false;
  BodyFraming stream_framing_ = BodyFraming::kChunked;
  std::function<void()> on_drained_;
  std::function<void()> on_closed_;
  std::map<uint64_t, boost::asio::steady_timer> timers_;
  uint64_t timers_made_ = 0;
};

// Makes the Exchange that the handler sees.
std::shared_ptr<Exchange> MakeExchange(std::shared_ptr<Connection> connection,
                                       std::shared_ptr<ExchangeState> state, Request request,
                                       BodyLease body, std::shared_ptr<BodySink> sink,
                                       uint64_t number);

}  // namespace pano::http
