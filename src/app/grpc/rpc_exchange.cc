#include "app/grpc/rpc_exchange.h"

#include <utility>

namespace pano::grpc {

RpcExchange::RpcExchange(std::shared_ptr<TaskLoop> loop, std::shared_ptr<Link> link, uint64_t id,
                         http::Request request, api::ByteBudget::Lease lease)
    : loop_(std::move(loop)), link_(std::move(link)), id_(id), request_(std::move(request)), lease_(std::move(lease)) {}

// A handler that forgot to answer, or to end its stream.
RpcExchange::~RpcExchange() { CutOff(); }

void RpcExchange::CutOff() {
  if (ended_.exchange(true)) return;
  loop_->Post([link = link_, id = id_] {
    if (link->port) link->port->Answer(id, {.status = 500, .headers = {}, .body = "\"the request was dropped\""});
  });
}

void RpcExchange::ReleaseBody() {
  request_.body = {};
  lease_ = {};
}

void RpcExchange::Respond(http::Response response) {
  if (answered_.exchange(true)) return;
  ended_ = true;
  loop_->Post([link = link_, id = id_, response = std::move(response)]() mutable {
    if (link->port) link->port->Answer(id, std::move(response));
  });
}

// Headers of a stream have no place in a message: its metadata went with the first one.
void RpcExchange::BeginStream(int, http::Headers) { answered_ = true; }

bool RpcExchange::Write(std::string data) {
  if (gone_) return false;
  pending_ += data.size();
  loop_->Post([link = link_, id = id_, data = std::move(data)]() mutable {
    if (link->port) link->port->Write(id, std::move(data));
  });
  return true;
}

void RpcExchange::Finish() {
  if (ended_.exchange(true)) return;
  loop_->Post([link = link_, id = id_] {
    if (link->port) link->port->End(id);
  });
}

void RpcExchange::OnDrained(std::function<void()> callback) {
  loop_->Post([self = shared_from_this(), callback = std::move(callback)]() mutable {
    if (!self->over_) self->on_drained_ = std::move(callback);
  });
}

void RpcExchange::OnClosed(std::function<void()> callback) {
  loop_->Post([self = shared_from_this(), callback = std::move(callback)]() mutable {
    if (self->gone_) return callback();
    if (!self->over_) self->on_closed_ = std::move(callback);
  });
}

void RpcExchange::PostAfter(std::chrono::milliseconds delay, std::function<void()> task) {
  loop_->PostAfter(delay, [weak = weak_from_this(), task = std::move(task)] {
    const std::shared_ptr<RpcExchange> self = weak.lock();
    if (self && !self->over_) task();
  });
}

void RpcExchange::Sent(size_t bytes) {
  if (pending_.fetch_sub(bytes) != bytes || over_ || !on_drained_) return;
  const std::function<void()> drained = on_drained_;  // it may set another
  drained();
}

// Callbacks keep calls, which keep exchanges.
void RpcExchange::Complete() {
  over_ = true;
  on_drained_ = nullptr;
  on_closed_ = nullptr;
}

void RpcExchange::Close() {
  if (over_) return;
  gone_ = true;
  const std::function<void()> closed = std::move(on_closed_);
  Complete();
  if (closed) closed();
}

}  // namespace pano::grpc
