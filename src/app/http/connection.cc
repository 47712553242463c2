#include "app/http/connection_internal.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>

#include "app/http/message/chunked.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using boost::system::error_code;

// Bytes of later requests kept while an answer is pending; beyond that the peer has to wait.
constexpr size_t kPipelineBytesMax = 64 << 10;
// What a peer has to take in each write_timeout; also given to one write.
constexpr size_t kWriteBytesMax = 64 << 10;
// The same with TLS: what is encrypted is held beside what it was made of.
constexpr size_t kTlsWriteBytesMax = 32 << 10;
// What TLS itself says after the handshake (answers to requests for new keys, RFC 8446, 4.6.3) may wait for
// the socket up to here.
constexpr size_t kTlsProtocolBytesMax = 64 << 10;
// Bytes that the operating system may hold unsent. Beyond that it would take megabytes at once and
// ask for more only when a third of them had gone, which takes a slow reader longer than write_timeout.
constexpr int kUnsentBytesMax = 128 << 10;
constexpr size_t kWriteBuffersMax = 16;
// After our last byte the peer gets this long to read it before its unread bytes reset the
// connection.
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::chrono::milliseconds kPausedPeerCheck{100};

std::string EndpointText(const boost::asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  const std::string address = endpoint.address().to_string(error);
  return endpoint.address().is_v6() ? StrCat('[', address, "]:", endpoint.port())
                                    : StrCat(address, ':', endpoint.port());
}

void SetSocketOptions(boost::asio::ip::tcp::socket& socket) {
  error_code ignored;
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);  // what is written at once never waits
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytesMax,
             sizeof kUnsentBytesMax);
}

}  // namespace

bool BodyLease::Grow(size_t bytes) {
  if (bytes <= bytes_) return true;
  const size_t more = bytes - bytes_;
  if (context_->body_bytes.fetch_add(more) + more > context_->options.body_bytes_total_max) {
    context_->body_bytes -= more;
    return false;
  }
  bytes_ = bytes;
  return true;
}

void BodyLease::Release() { context_->body_bytes -= std::exchange(bytes_, 0); }

void ServerContext::AddBusy(int64_t by) {
  MutexLock lock(mu);
  busy += by;
  if (busy == 0) changed.NotifyAll();
}

Connection::Connection(std::shared_ptr<ServerContext> context, std::shared_ptr<Loop> loop,
                       Socket socket)
    : context_(std::move(context)),
      loop_(std::move(loop)),
      socket_(std::move(socket)),
      read_timer_(loop_->io()),
      write_timer_(loop_->io()) {
  ++context_->connections;
}

Connection::~Connection() {
  if (IsBusy(phase_)) context_->AddBusy(-1);
  --context_->connections;
}

bool Connection::IsBusy(Phase phase) {
  return phase == Phase::kHead || phase == Phase::kBody || phase == Phase::kExchange ||
         phase == Phase::kFlushing;
}

void Connection::SetPhase(Phase phase) {
  const bool was_busy = IsBusy(phase_);
  phase_ = phase;
  if (was_busy != IsBusy(phase)) context_->AddBusy(was_busy ? -1 : 1);
}

void Connection::Start() {
  loop_->connections.insert(shared_from_this());
  peer_ = EndpointText(socket_);
  SetSocketOptions(socket_);
  if (context_->draining.load()) return Close();
  if (context_->certificates) {
    phase_ = Phase::kHandshake;
    tls_ = std::make_unique<TlsSession>(context_->certificates->current());
    ArmReadTimer(context_->options.header_timeout, &Connection::OnReadTimeout);
  } else {
    ArmReadTimer(context_->options.idle_timeout, &Connection::OnReadTimeout);
  }
  Read();
}

void Connection::StartRefused() {
  if (context_->certificates) {
    refuse_when_open_ = true;  // who speaks TLS would not understand it earlier
    return Start();
  }
  loop_->connections.insert(shared_from_this());
  SetSocketOptions(socket_);
  Refuse(503, "the server has all the connections it takes");
  Read();
}

void Connection::CloseIfIdle() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kHandshake) Close();
}

void Connection::Abort() {
  peer_finished_ = true;
  OnPeerGone();
}

void Connection::ArmReadTimer(std::chrono::milliseconds after, void (Connection::*then)()) {
  read_then_ = then;
  read_due_ = std::chrono::steady_clock::now() + after;
  if (!read_timer_set_ || read_timer_.expiry() > read_due_) SetReadTimer();
}

void Connection::SetReadTimer() {
  const uint64_t round = ++read_timer_round_;
  read_timer_set_ = true;
  read_timer_.expires_at(read_due_);
  read_timer_.async_wait([self = shared_from_this(), round](const error_code& error) {
    if (error || round != self->read_timer_round_) return;
    self->Guarded([&] { self->OnReadTimer(); });
  });
}

void Connection::OnReadTimer() {
  read_timer_set_ = false;
  if (!read_then_) return;
  if (std::chrono::steady_clock::now() < read_due_) return SetReadTimer();
  const auto then = std::exchange(read_then_, nullptr);
  (this->*then)();
}

// ---- Reading ----

void Connection::Read() {
  if (reading_ || head_waits_ || sink_waits_ || phase_ == Phase::kClosed || peer_finished_) return;
  if (in_.size() >= kPipelineBytesMax &&
      (phase_ == Phase::kExchange || phase_ == Phase::kFlushing)) {
    return WatchPausedPeer();
  }
  reading_ = true;
  socket_.async_read_some(
      boost::asio::buffer(read_buffer_),
      [self = shared_from_this()](const error_code& error, size_t n) {
        self->Guarded([&] { self->OnRead(error, n); });
      });
}

void Connection::OnRead(const error_code& error, size_t n) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (error) return OnEnd(error == boost::asio::error::eof);
  bool ended = false;
  if (phase_ != Phase::kLingering) {
    const std::string_view bytes(read_buffer_.data(), n);
    if (tls_) {
      ended = ReceiveTls(bytes);
    } else {
      in_.append(bytes);
    }
    Advance();
  }
  if (ended) return OnEnd(/*orderly=*/true);
  Read();
}

// The peer sends no more.
void Connection::OnEnd(bool orderly) {
  if (phase_ == Phase::kClosed) return;
  peer_finished_ = true;
  // An answer that is complete still goes out to a peer that has only closed its sending side.
  if (orderly && phase_ == Phase::kFlushing) return;
  OnPeerGone();
}

// Nothing is read while the pipeline is full, so the end of file would go unnoticed: ask for it.
void Connection::WatchPausedPeer() {
  pollfd query{socket_.native_handle(), POLLRDHUP, 0};
  if (poll(&query, 1, 0) > 0 && (query.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0 &&
      phase_ == Phase::kExchange) {
    peer_finished_ = true;
    return OnPeerGone();
  }
  ArmReadTimer(kPausedPeerCheck, &Connection::Read);
}

void Connection::Advance() {
  while (!in_.empty() && !head_waits_ && !sink_waits_ &&
         (phase_ == Phase::kIdle || phase_ == Phase::kHead || phase_ == Phase::kBody)) {
    AdvanceRequest();
  }
}

void Connection::AdvanceRequest() {
  const ServerOptions& options = context_->options;
  const bool begins = phase_ == Phase::kIdle;
  if (begins) {
    SetPhase(Phase::kHead);
    keep_alive_ = true;
    is_head_request_ = false;  // an answer before the head is known has its body
    version_minor_ = 1;
    sink_.reset();
    parser_.emplace(RequestParser::Limits{options.header_bytes_max, options.body_bytes_max},
                    [this](const Request& head) { return BodyLimit(head); });
    body_.emplace(context_);
  }
  in_.erase(0, parser_->Feed(in_));
  if (!body_->Grow(parser_->request().body.size())) {
    return Refuse(503, "the server holds as many request bodies as it takes");
  }
  switch (parser_->state()) {
    case RequestParser::State::kHead:
      if (begins) ArmReadTimer(options.header_timeout, &Connection::OnReadTimeout);
      return;
    case RequestParser::State::kBody:
      if (phase_ == Phase::kHead) {
        OnHead();
      } else if (sink_) {
        GiveBody(/*last=*/false);
      }
      return;
    case RequestParser::State::kComplete:
      if (phase_ == Phase::kHead) sink_.reset();  // there is no body
      return sink_ ? GiveBody(/*last=*/true) : StartExchange();
    case RequestParser::State::kRefused: {
      const Refusal refusal = parser_->refusal();
      is_head_request_ = parser_->head().method == "HEAD";
      return Refuse(refusal.status, refusal.message);
    }
  }
}

// The head is there and a body is to come: whoever may not send one is told before it is read.
void Connection::OnHead() {
  SetPhase(Phase::kBody);
  const RequestHead& head = parser_->head();
  is_head_request_ = head.method == "HEAD";
  const bool large = head.chunked || head.expects_continue || parser_->decompresses() ||
                     head.content_length.value_or(0) > Server::kReadBytesAnyway;
  if (!large) sink_.reset();
  if (large && context_->head_check) {
    Request& request = parser_->request();
    request.peer = peer_;
    request.secure = tls_ != nullptr;
    request.client_certificate_sha256 = client_certificate_sha256_;
    request.id = ChooseRequestId(request.Header("x-request-id"));
    auto decide = [weak = weak_from_this(), loop = loop_,
                   number = ++heads_checked_](std::optional<Response> refusal) {
      loop->Post([weak, number, refusal = std::move(refusal)]() mutable {
        const auto self = weak.lock();
        if (self) self->Guarded([&] { self->OnHeadDecided(number, std::move(refusal)); });
      });
    };
    Server::HeadVerdict verdict = context_->head_check(request, std::move(decide));
    if (verdict.refusal) return RefuseWith(*std::move(verdict.refusal), std::string(request.id));
    head_waits_ = verdict.later;
  }
  ArmReadTimer(context_->options.body_timeout, &Connection::OnReadTimeout);
  if (!head_waits_) ReadBody();
}

void Connection::OnHeadDecided(uint64_t number, std::optional<Response> refusal) {
  if (!head_waits_ || number != heads_checked_ || phase_ != Phase::kBody) return;
  head_waits_ = false;
  if (refusal) {
    RefuseWith(*std::move(refusal), std::string(parser_->request().id));
  } else {
    ArmReadTimer(context_->options.body_timeout, &Connection::OnReadTimeout);
    ReadBody();
    Advance();
  }
  Read();
}

// Whoever waits for a word before sending the body gets it.
void Connection::ReadBody() {
  if (parser_->head().expects_continue && in_.empty()) Queue("HTTP/1.1 100 Continue\r\n\r\n", 0);
}

size_t Connection::BodyLimit(const Request& head) {
  std::optional<BodyRule> rule;
  if (context_->body_rules) {
    parser_->request().client_certificate_sha256 = client_certificate_sha256_;  // it is a part of who sends it
    rule = context_->body_rules(head);
  }
  if (!rule) return context_->options.body_bytes_max;
  sink_ = std::move(rule->sink);
  return rule->bytes_max;
}

// What has come of a body goes to its sink, in pieces of some size; the handler comes behind the last one.
void Connection::GiveBody(bool last) {
  std::string& body = parser_->request().body;
  if (!last && body.size() < BodyRule::kBytes) return;
  if (body.empty()) return StartExchange();
  sink_waits_ = true;
  auto taken = [weak = weak_from_this(), loop = loop_, number = ++pieces_given_](bool more) {
    loop->Post([weak, number, more] {
      const auto self = weak.lock();
      if (self) self->Guarded([&] { self->OnBodyTaken(number, more); });
    });
  };
  sink_->Take(std::exchange(body, {}), std::move(taken));
}

void Connection::OnBodyTaken(uint64_t number, bool more) {
  if (!sink_waits_ || number != pieces_given_ || phase_ != Phase::kBody) return;
  sink_waits_ = false;
  const bool whole = parser_->state() == RequestParser::State::kComplete;
  if (whole || !more) {
    if (!whole) in_.clear();  // no request
    StartExchange(/*body_left=*/!whole);
  } else {
    ArmReadTimer(context_->options.body_timeout, &Connection::OnReadTimeout);
    Advance();
  }
  Read();
}

void Connection::OnReadTimeout() {
  switch (phase_) {
    case Phase::kHead:
      return Refuse(408, "the header did not arrive in time");
    case Phase::kBody:
      return Refuse(408, "the body did not arrive in time");
    default:
      return Close();
  }
}

void Connection::StartExchange(bool body_left) {
  DisarmReadTimer();
  ++context_->requests;
  Request request = std::move(parser_->request());
  request.peer = peer_;
  request.secure = tls_ != nullptr;
  request.client_certificate_sha256 = client_certificate_sha256_;
  request.id = ChooseRequestId(request.Header("x-request-id"));
  request_id_ = request.id;
  origin_ = request.Header("origin");
  version_minor_ = parser_->head().version_minor;
  keep_alive_ = parser_->head().keep_alive && !body_left;
  is_head_request_ = request.method == "HEAD";
  parser_.reset();
  BodyLease body = *std::move(body_);
  body_.reset();
  streaming_ = false;
  state_ = std::make_shared<ExchangeState>();
  SetPhase(Phase::kExchange);
  auto exchange =
      MakeExchange(shared_from_this(), state_, std::move(request), std::move(body),
                   std::move(sink_), ++number_);
  try {
    context_->handler(std::move(exchange));  // a dropped exchange answers 500
  } catch (const std::exception& thrown) {
    LogError("[http] the handler threw for request ", request_id_, ": ", thrown.what());
  } catch (...) {
    LogError("[http] the handler threw for request ", request_id_);
  }
}

// ---- TLS ----

// Whether the peer has said that it sends no more. What it said before is in in_.
bool Connection::ReceiveTls(std::string_view wire) {
  // TLS begins with the number of a record type; a letter is how a method begins.
  const unsigned char first = static_cast<unsigned char>(wire.front() | 0x20);
  if (!tls_->started() && first >= 'a' && first <= 'z') {
    tls_.reset();
    SetPhase(Phase::kHead);
    Refuse(400, "this port speaks TLS: the address has to begin with https://");
    return false;
  }
  const TlsSession::State state = tls_->Receive(wire, in_);
  if (state == TlsSession::State::kFailed) {
    OnTlsFailed();
    return false;
  }
  if (tls_->output_bytes() > 0) Flush();
  if (phase_ != Phase::kHandshake && tls_->output_bytes() > kTlsProtocolBytesMax) {
    LogInfo("[tls] ", peer_, " asks for new keys and does not read; closed");
    Abort();
    return false;
  }
  if (phase_ == Phase::kHandshake && state != TlsSession::State::kHandshake) OnHandshake();
  return state == TlsSession::State::kEnded;
}

void Connection::OnHandshake() {
  client_certificate_sha256_ = tls_->PeerCertificateSha256();
  SetPhase(Phase::kIdle);
  if (refuse_when_open_) {
    return Refuse(503, "the server has all the connections it takes");
  }
  if (context_->draining.load()) return Linger();
  ArmReadTimer(context_->options.idle_timeout, &Connection::OnReadTimeout);
}

void Connection::OnTlsFailed() {
  LogDebug("[tls] ", peer_, ": ", tls_->error());
  ++context_->refused;
  if (phase_ != Phase::kHandshake) return Abort();
  Linger();  // the alert says why
}

// Takes as much of out_ as one write may have.
void Connection::Encrypt() {
  size_t offset = out_offset_;
  for (size_t i = 0; i < out_.size() && wire_plain_ < kTlsWriteBytesMax; ++i) {
    const size_t n = std::min(out_[i].bytes.size() - offset, kTlsWriteBytesMax - wire_plain_);
    if (!tls_->Send(std::string_view(out_[i].bytes).substr(offset, n))) return;
    wire_plain_ += n;
    offset = 0;
  }
}

void Connection::FlushTls() {
  if (wire_offset_ == wire_.size()) {
    wire_.clear();
    if (wire_.capacity() > kTlsWriteBytesMax / 4) wire_.shrink_to_fit();  // streams are many and short
    wire_offset_ = 0;
    if (phase_ != Phase::kHandshake) Encrypt();
    tls_->MoveOutput(wire_);
    if (wire_.empty()) return;
  }
  writing_ = true;
  if (!write_timer_armed_) ArmWriteTimer();
  const size_t n = std::min(wire_.size() - wire_offset_, kWriteBytesMax);
  socket_.async_write_some(boost::asio::buffer(wire_.data() + wire_offset_, n),
                           [self = shared_from_this()](const error_code& error, size_t sent) {
                             self->Guarded([&] { self->OnWritten(error, sent); });
                           });
}

// Writes what is left, an alert or the end of the session, and then ends our side.
void Connection::SendTlsEnd() {
  shut_when_written_ = true;
  Flush();
  if (writing_) return;
  shut_when_written_ = false;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

// ---- Answering ----

// Ends what is being read, whatever is known of it.
void Connection::Refuse(int status, std::string_view message) {
  Request known;
  if (parser_) {
    known.headers = parser_->request().headers;
    if (known.headers.empty()) known.headers = parser_->head().headers;
  }
  const std::string id = ChooseRequestId(known.Header("x-request-id"));
  RefuseRequest({status, message, id, known.Header("origin")});
}

void Connection::RefuseRequest(const Server::OwnError& error) {
  Response response = context_->error_body(error);
  response.status = error.status;
  RefuseWith(std::move(response), error.request_id);
}

void Connection::RefuseWith(Response response, std::string_view request_id) {
  ++context_->refused;
  keep_alive_ = false;
  head_waits_ = false;
  sink_waits_ = false;
  sink_.reset();
  parser_.reset();
  body_.reset();
  DisarmReadTimer();
  in_.clear();
  SendWhole(std::move(response), request_id);
}

std::string Connection::MakeHead(int status, const Headers& headers, BodyFraming framing,
                                 uint64_t length, std::string_view request_id) {
  if (context_->draining.load()) keep_alive_ = false;
  if (framing == BodyFraming::kUntilClose) keep_alive_ = false;
  for (const auto& [name, value] : headers) {
    if (ToLower(name) == "connection" && ToLower(value) == "close") keep_alive_ = false;
  }
  ResponseHeadFields fields;
  fields.status = status;
  fields.version_minor = version_minor_;
  fields.keep_alive = keep_alive_;
  fields.framing = framing;
  fields.content_length = length;
  fields.unix_seconds = Clock::Real().UnixSeconds();
  fields.request_id = request_id;
  return FormatResponseHead(fields, headers);
}

// An answer in one piece; the request is over with it.
void Connection::SendWhole(Response response, std::string_view request_id) {
  const bool no_body = StatusHasNoBody(response.status);
  std::string bytes = MakeHead(response.status, response.headers,
                               no_body ? BodyFraming::kNone : BodyFraming::kLength,
                               response.body.size(), request_id);
  EndExchange();
  answer_held_ = std::move(response.held);
  SetPhase(Phase::kFlushing);
  if (!no_body && !is_head_request_ && !response.body.empty()) {
    // Beside the head, not copied behind it: it may be large.
    out_.push_back({std::move(bytes), 0});
    bytes = std::move(response.body);
  }
  Queue(std::move(bytes), 0);
}

void Connection::Respond(uint64_t number, Response response) {
  if (Owns(number)) SendWhole(std::move(response), request_id_);
}

void Connection::BeginStream(uint64_t number, int status, Headers headers) {
  if (!Owns(number)) return;
  streaming_ = true;
  stream_framing_ = StatusHasNoBody(status) ? BodyFraming::kNone
                    : version_minor_ == 0   ? BodyFraming::kUntilClose
                                            : BodyFraming::kChunked;
  Queue(MakeHead(status, headers, stream_framing_, 0, request_id_), 0);
}

void Connection::Write(uint64_t number, std::string data, bool from_task) {
  if (!Owns(number)) return;
  const size_t payload = data.size();
  if (is_head_request_ || stream_framing_ == BodyFraming::kNone) {
    state_->pending_bytes -= payload;
  } else if (stream_framing_ == BodyFraming::kChunked) {
    const std::string head = ChunkHead(payload);
    const size_t sent = SendChunkNow(head, data);
    if (sent < head.size() + payload + kChunkEnd.size()) {
      return Queue(EncodeChunk(data).substr(sent), payload);
    }
    state_->pending_bytes -= payload;
    if (from_task) OnDrained();
  } else {
    Queue(std::move(data), payload);
  }
}

void Connection::Finish(uint64_t number) {
  if (!Owns(number)) return;
  EndExchange();
  SetPhase(Phase::kFlushing);
  if (stream_framing_ == BodyFraming::kChunked && !is_head_request_) {
    Queue(std::string(kLastChunk), 0);
  } else if (out_.empty()) {
    OnAnswered();
  }
}

void Connection::Dropped(uint64_t number) {
  if (!Owns(number)) return;
  LogError("[http] request ", request_id_, " was dropped without a complete answer");
  if (streaming_) return CutOff(number);
  const std::string id = request_id_, origin = origin_;
  RefuseRequest({500, "the request was dropped", id, origin});
}

// Half an answer cannot be taken back; without its last chunk the peer sees that it is broken.
void Connection::CutOff(uint64_t number) {
  if (!Owns(number)) return;
  keep_alive_ = false;
  EndExchange();
  SetPhase(Phase::kFlushing);
  if (out_.empty()) OnAnswered();
}

void Connection::SetOnDrained(uint64_t number, std::function<void()> callback) {
  if (Owns(number)) on_drained_ = std::move(callback);
}

void Connection::SetOnClosed(uint64_t number, const ExchangeState& state,
                             std::function<void()> callback) {
  if (Owns(number)) {
    on_closed_ = std::move(callback);
  } else if (state.closed.load()) {
    callback();
  }
}

void Connection::RunAfter(uint64_t number, std::chrono::milliseconds delay,
                          std::function<void()> task) {
  if (!Owns(number)) return;
  const uint64_t id = ++timers_made_;
  auto& timer = timers_.try_emplace(id, loop_->io()).first->second;
  timer.expires_after(delay);
  timer.async_wait(
      [self = shared_from_this(), id, task = std::move(task)](const error_code& error) {
        if (error || self->timers_.erase(id) == 0) return;
        self->Guarded(task);
      });
}

// Forgets what the exchange left here; its callbacks may hold it, so they go last.
void Connection::EndExchange() {
  const auto drained = std::exchange(on_drained_, nullptr);
  const auto closed = std::exchange(on_closed_, nullptr);
  timers_.clear();
}

void Connection::Queue(std::string bytes, size_t payload) {
  out_.push_back({std::move(bytes), payload});
  Flush();
}

// Hands a chunk to the operating system at once when nothing waits before it, which for a reader that
// keeps up is always: no copy, no timer and no completion to wait for. How many bytes were taken; what
// keeps the rest, an error included, is found when that is written.
size_t Connection::SendChunkNow(std::string_view head, std::string_view data) {
  if (tls_ || writing_ || !out_.empty()) return 0;
  const std::array<boost::asio::const_buffer, 3> buffers = {
      boost::asio::buffer(head), boost::asio::buffer(data), boost::asio::buffer(kChunkEnd)};
  error_code error;
  const size_t n = socket_.write_some(buffers, error);
  if (error) return 0;
  bytes_sent_ += n;
  return n;
}

void Connection::Flush() {
  if (writing_) return;
  if (tls_) return FlushTls();
  if (out_.empty()) return;
  std::array<boost::asio::const_buffer, kWriteBuffersMax> buffers;
  size_t total = 0;
  size_t offset = out_offset_;
  for (size_t i = 0; i < std::min(out_.size(), buffers.size()) && total < kWriteBytesMax; ++i) {
    const size_t n = std::min(out_[i].bytes.size() - offset, kWriteBytesMax - total);
    buffers[i] = boost::asio::buffer(out_[i].bytes.data() + offset, n);
    total += n;
    offset = 0;
  }
  // A head and a body that fit into one write; more is written as its reader takes it.
  const bool fits = out_.size() <= 2 && total < kWriteBytesMax;
  if (phase_ == Phase::kFlushing && fits && WriteNow(buffers)) return;
  writing_ = true;
  if (!write_timer_armed_) ArmWriteTimer();
  socket_.async_write_some(buffers,
                           [self = shared_from_this()](const error_code& error, size_t n) {
                             self->Guarded([&] { self->OnWritten(error, n); });
                           });
}

// Hands the end of an answer to the operating system at once, which takes it from all but slow readers: no
// timer, and no completion to wait for. False: nothing was taken, and an error, if it was one, comes again.
bool Connection::WriteNow(std::span<const boost::asio::const_buffer> buffers) {
  error_code error;
  const size_t n = socket_.write_some(buffers, error);
  if (error || n == 0) return false;
  OnWritten(error, n);
  return true;
}

// What the peer's system has acknowledged of all that we ever sent.
uint64_t Connection::BytesTaken() const {
  int unacknowledged = 0;
  const int fd = const_cast<Socket&>(socket_).native_handle();
  if (ioctl(fd, SIOCOUTQ, &unacknowledged) != 0) return bytes_sent_;
  return bytes_sent_ - std::min<uint64_t>(bytes_sent_, static_cast<uint64_t>(unacknowledged));
}

void Connection::ArmWriteTimer() {
  write_timer_armed_ = true;
  taken_before_ = BytesTaken();
  taken_due_ = bytes_sent_ - taken_before_;
  for (size_t i = 0; i < out_.size() && taken_due_ < kWriteBytesMax; ++i) {
    taken_due_ += out_[i].bytes.size() - (i == 0 ? out_offset_ : 0);
  }
  taken_due_ += wire_.size() - wire_offset_;
  taken_due_ = std::min<uint64_t>(taken_due_, kWriteBytesMax);
  const uint64_t round = ++write_timer_round_;
  write_timer_.expires_after(context_->options.write_timeout);
  write_timer_.async_wait([self = shared_from_this(), round](const error_code& error) {
    if (error || round != self->write_timer_round_) return;
    self->Guarded([&] { self->OnWriteTimeout(); });
  });
}

void Connection::OnWriteTimeout() {
  if (BytesTaken() - taken_before_ >= taken_due_) return ArmWriteTimer();
  LogInfo("[http] ", peer_, " does not read; closed");
  Abort();
}

void Connection::OnWritten(const error_code& error, size_t n) {
  writing_ = false;
  bytes_sent_ += n;
  if (phase_ == Phase::kClosed) return;
  if (error) return Abort();
  if (tls_) {
    wire_offset_ += n;
    if (wire_offset_ < wire_.size()) return Flush();
    n = std::exchange(wire_plain_, 0);
  }
  while (n > 0) {
    const size_t left = out_.front().bytes.size() - out_offset_;
    if (n < left) {
      out_offset_ += n;
      break;
    }
    n -= left;
    out_offset_ = 0;
    if (state_) state_->pending_bytes -= out_.front().payload;
    out_.pop_front();
  }
  if (!out_.empty() || (tls_ && tls_->output_bytes() > 0)) return Flush();
  if (std::exchange(write_timer_armed_, false)) {
    ++write_timer_round_;
    write_timer_.cancel();
  }
  if (shut_when_written_) return SendTlsEnd();
  if (phase_ == Phase::kFlushing) return OnAnswered();
  OnDrained();
}

void Connection::OnDrained() {
  if (phase_ != Phase::kExchange || !streaming_ || !on_drained_) return;
  const auto callback = on_drained_;  // it may replace itself
  callback();
}

// The answer has left: on to the next request, which may be here already.
void Connection::OnAnswered() {
  state_.reset();
  answer_held_.reset();
  if (!keep_alive_ || context_->draining.load() || peer_finished_) return Linger();
  SetPhase(Phase::kIdle);
  ArmReadTimer(context_->options.idle_timeout, &Connection::OnReadTimeout);
  Advance();
  Read();
}

// ---- Ending ----

void Connection::Linger() {
  if (peer_finished_) return Close();
  SetPhase(Phase::kLingering);
  in_.clear();
  if (tls_) {
    tls_->SendEnd();
    SendTlsEnd();
  } else {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  ArmReadTimer(kLingerTime, &Connection::Close);
  Read();
}

void Connection::OnThrown(const char* what) noexcept {
  try {
    LogError("[http] ", peer_, ": closed, a callback threw ", what);
    Abort();
  } catch (...) {
    std::fputs("[http] out of memory while a connection was closed\n", stderr);
  }
}

void Connection::OnPeerGone() {
  if (phase_ == Phase::kExchange) {
    state_->closed = true;
    const auto closed = std::exchange(on_closed_, nullptr);
    Close();
    if (closed) closed();
    return;
  }
  Close();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  if (tls_ && !writing_ && wire_offset_ == wire_.size() && out_.empty()) {
    // Between two answers: the peer is told that nothing was cut off, where that costs no wait.
    tls_->SendEnd();
    wire_.clear();
    tls_->MoveOutput(wire_);
    (void)!send(socket_.native_handle(), wire_.data(), wire_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  SetPhase(Phase::kClosed);
  error_code ignored;
  socket_.close(ignored);
  DisarmReadTimer();
  ++read_timer_round_;
  ++write_timer_round_;
  read_timer_.cancel();
  write_timer_.cancel();
  in_.clear();
  sink_.reset();
  parser_.reset();
  body_.reset();
  if (!writing_) {  // else the operating system may still look at it
    out_.clear();
    answer_held_.reset();
  }
  EndExchange();
  loop_->connections.erase(self);
}

}  // namespace pano::http
