#include <algorithm>
#include <utility>
#include <vector>

#include "app/grpc/request_head.h"
#include "app/grpc/rpc_internal.h"
#include "app/grpc/status_code.h"
#include "app/http/message/request_parser.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

std::string Flatten(const ::grpc::ByteBuffer& buffer) {
  std::vector<::grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const ::grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

::grpc::ByteBuffer MakeBuffer(const std::string& bytes) {
  const ::grpc::Slice slice(bytes);
  return ::grpc::ByteBuffer(&slice, 1);
}

constexpr int kUnimplemented = 12, kResourceExhausted = 8, kDeadlineExceeded = 4, kInvalidArgument = 3;

}  // namespace

Rpc::Rpc(std::shared_ptr<ServerState> state, ::grpc::GenericCallbackServerContext* context)
    : state_(std::move(state)), context_(context) {
  ++state_->open_calls;
  state_->loop->Post([this] { Begin(); });
}

void Rpc::OnReadDone(bool ok) {
  state_->loop->Post([this, ok] {
    reading_ = false;
    if (finished_ || status_) return;
    if (ok) return TakeMessage();
    half_closed_ = true;
    if (messages_ == 0 && !streams_) return EndWith(kInvalidArgument, "the call came without a message");
    Resume();
  });
}

void Rpc::OnWriteDone(bool ok) {
  state_->loop->Post([this, ok] { Written(ok); });
}

void Rpc::OnCancel() {
  state_->loop->Post([this] { Cancelled(); });
}

// The last that gRPC says. What is posted before it has run by then.
void Rpc::OnDone() {
  state_->loop->Post([this] {
    link_->port = nullptr;
    CloseExchanges();
    --state_->open_calls;
    delete this;
  });
}

void Rpc::Begin() {
  link_->port = this;
  head_ = MakeHead(*context_);
  if (state_->open_calls > state_->options.calls_max) {
    return EndWith(StatusCodeOf(503), StrCat("there are more than ", state_->options.calls_max, " open calls"));
  }
  const Service::Method* found = nullptr;
  for (const Service::Method& method : state_->service.methods) {
    if (method.path == head_.path) found = &method;
  }
  if (!found) return EndWith(kUnimplemented, StrCat("there is no method '", Printable(head_.path), "' here"));
  streams_ = found->streams;
  Watch();
  if (!state_->service.check_head) return Read();
  auto decide = [loop = state_->loop, link = link_, this](std::optional<http::Response> refusal) {
    loop->Post([link, this, refusal = std::move(refusal)] {
      if (link->port == this) Decided(refusal);   // it may be gone
    });
  };
  const http::Server::HeadVerdict verdict = state_->service.check_head(head_, std::move(decide));
  if (!verdict.later) Decided(verdict.refusal);
}

void Rpc::Decided(const std::optional<http::Response>& refusal) {
  if (finished_ || status_) return;
  if (refusal) return EndWith(*refusal);
  Read();
}

void Rpc::Read() {
  reading_ = true;
  StartRead(&incoming_);
}

void Rpc::TakeMessage() {
  const uint64_t id = ++messages_;
  auto lease = state_->bodies.Take(incoming_.Length());
  if (!lease) return EndWith(kResourceExhausted, "requests that are read or held take as much memory as they may");
  http::Request request = head_;
  if (id > 1) request.id = http::ChooseRequestId({});
  request.body = Flatten(incoming_);
  incoming_.Clear();
  auto exchange = std::make_shared<RpcExchange>(state_->loop, link_, id, std::move(request), *std::move(lease));
  exchanges_[id] = exchange;
  state_->service.handle(std::move(exchange));
  Resume();
}

// Reads on where there may be more and room for it; ends where nothing is left to come.
void Rpc::Resume() {
  if (finished_ || status_ || reading_) return;
  const auto room = static_cast<size_t>(state_->options.requests_per_stream);
  if (streams_ && !half_closed_ && exchanges_.size() < room) return Read();
  if (streams_ && half_closed_ && exchanges_.empty()) EndWith(0, "");
}

void Rpc::Answer(uint64_t id, http::Response response) {
  if (!exchanges_.contains(id) || finished_ || status_) return;
  Forget(id);
  if (writes_ == 0) {   // they go out with the first message
    for (const auto& [name, value] : response.headers) {
      if (name.starts_with("x-ratelimit-")) context_->AddInitialMetadata(name, value);
    }
  }
  const bool denied = response.status == 401 || response.status == 403;
  if (response.status < 400) {
    Queue(id, response.body, std::move(response.held));
  } else if (streams_ && !denied) {
    std::string request_id;
    for (const auto& [name, value] : response.headers) {
      if (name == kStreamIdHeader) request_id = value;
    }
    Queue(id, state_->service.stream_error(ErrorMessageOf(response.body), request_id));
  } else {
    return EndWith(response);
  }
  if (!streams_) EndWith(0, "");
  Resume();
}

void Rpc::Write(uint64_t id, std::string message) {
  if (!exchanges_.contains(id) || finished_ || status_) return;
  Queue(id, message);
}

void Rpc::End(uint64_t id) {
  Forget(id);
  Resume();
}

void Rpc::Forget(uint64_t id) {
  const auto at = exchanges_.find(id);
  if (at == exchanges_.end()) return;
  if (const auto exchange = at->second.lock()) exchange->Complete();
  exchanges_.erase(at);
}

void Rpc::Queue(uint64_t id, const std::string& message, std::shared_ptr<void> held) {
  outgoing_.push_back({MakeBuffer(message), message.size(), id, std::move(held)});
  if (!writing_) WriteNext();
}

void Rpc::WriteNext() {
  writing_ = true;
  ++writes_;
  StartWrite(&outgoing_.front().buffer);
}

void Rpc::Written(bool ok) {
  writing_ = false;
  const Outgoing sent = std::move(outgoing_.front());
  outgoing_.pop_front();
  if (!ok) return Cancelled();
  if (const auto at = exchanges_.find(sent.exchange); at != exchanges_.end()) {
    if (const auto exchange = at->second.lock()) exchange->Sent(sent.bytes);
  }
  if (finished_) return;
  if (!writing_ && !outgoing_.empty()) return WriteNext();
  if (status_) EndNow();
}

void Rpc::Cancelled() {
  if (finished_) return;
  CloseExchanges();
  outgoing_.erase(outgoing_.begin() + (writing_ ? 1 : 0), outgoing_.end());
  status_ = ::grpc::Status(::grpc::StatusCode::CANCELLED, "the call was cancelled");
  EndNow();
}

void Rpc::Watch() {
  const auto& options = state_->options;
  const auto pause = std::min(options.read_timeout, options.write_timeout);
  state_->loop->PostAfter(pause, [link = link_, this] {
    if (link->port != this || finished_) return;   // in this order: it may be gone
    if (!streams_ && messages_ == 0) return EndWith(kDeadlineExceeded, "the message did not come in time");
    if (writing_ && writes_ == writes_seen_) return context_->TryCancel();   // OnCancel follows
    writes_seen_ = writes_;
    Watch();
  });
}

void Rpc::EndWith(const http::Response& failure) {
  if (finished_ || status_) return;
  for (const auto& [name, value] : failure.headers) {
    if (name == "Retry-After") context_->AddTrailingMetadata("retry-after", value);
    if (name.starts_with("x-ratelimit-")) context_->AddTrailingMetadata(name, value);
  }
  EndWith(StatusCodeOf(failure.status), ErrorMessageOf(failure.body));
}

void Rpc::EndWith(int code, std::string message) {
  if (finished_ || status_) return;
  context_->AddTrailingMetadata("x-request-id", head_.id);
  status_ = ::grpc::Status(static_cast<::grpc::StatusCode>(code), message);
  if (!writing_ && outgoing_.empty()) EndNow();
}

// No write is under way: gRPC takes one thing at a time.
void Rpc::EndNow() {
  if (writing_ || finished_) return;
  finished_ = true;
  CloseExchanges();
  Finish(*status_);
}

void Rpc::CloseExchanges() {
  for (auto& [id, weak] : std::exchange(exchanges_, {})) {
    if (const auto exchange = weak.lock()) exchange->Close();
  }
}

}  // namespace pano::grpc
