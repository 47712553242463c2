#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/api/work/byte_budget.h"
#include "app/grpc/task_loop.h"
#include "app/http/http.h"

namespace pano::grpc {

// Where exchanges of one call put what they answer. Confined to the loop.
class AnswerPort {
 public:
  virtual ~AnswerPort() = default;
  // The whole answer of exchange `id`.
  virtual void Answer(uint64_t id, http::Response response) = 0;
  // A message of its stream, and its end.
  virtual void Write(uint64_t id, std::string message) = 0;
  virtual void End(uint64_t id) = 0;
};

// One request message of a call, as the API sees requests. Thread-safe: what it is told goes to the loop,
// which is "the connection's thread" of its callbacks.
class RpcExchange final : public http::Exchange, public std::enable_shared_from_this<RpcExchange> {
 public:
  // The port of a call that may end before its exchanges. Confined to the loop.
  struct Link {
    AnswerPort* port = nullptr;
  };

  RpcExchange(std::shared_ptr<TaskLoop> loop, std::shared_ptr<Link> link, uint64_t id, http::Request request,
              api::ByteBudget::Lease lease);
  ~RpcExchange() override;

  const http::Request& request() const override { return request_; }
  std::string TakeBody() override { return std::exchange(request_.body, {}); }
  void ReleaseBody() override;
  void Respond(http::Response response) override;
  void BeginStream(int status, http::Headers headers) override;
  bool Write(std::string data) override;
  void Finish() override;
  void CutOff() override;
  size_t pending_bytes() const override { return pending_; }
  void OnDrained(std::function<void()> callback) override;
  void OnClosed(std::function<void()> callback) override;
  void Post(std::function<void()> task) override { loop_->Post(std::move(task)); }
  void PostAfter(std::chrono::milliseconds delay, std::function<void()> task) override;

  // On the loop: a message has left; the answer is complete; nobody is there to answer any more.
  void Sent(size_t bytes);
  void Complete();
  void Close();

 private:
  const std::shared_ptr<TaskLoop> loop_;
  const std::shared_ptr<Link> link_;
  const uint64_t id_;
  http::Request request_;
  api::ByteBudget::Lease lease_;  // of the body
  std::atomic<bool> answered_{false}, ended_{false};
  std::atomic<bool> gone_{false};
  std::atomic<size_t> pending_{0};
  // Confined to the loop.
  bool over_ = false;
  std::function<void()> on_drained_, on_closed_;
};

}  // namespace pano::grpc
