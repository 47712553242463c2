#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "app/api/batches/task_loop.h"
#include "app/http/http.h"
#include "base/mutex.h"

namespace pano::api::batches {

// A request that came over no connection: what is posted runs on the thread of a loop, and the answer goes to a
// function. An answer that is a stream is not taken: its request ends with a 400. Thread-safe.
class LocalExchange final : public http::Exchange, public std::enable_shared_from_this<LocalExchange> {
 public:
  // `answered` is called once: with the answer, with the status 499 after Close, or with the status 0 where the exchange
  // was dropped without either.
  using Answered = std::function<void(http::Response)>;
  LocalExchange(http::Request request, std::shared_ptr<TaskLoop> loop, Answered answered);
  ~LocalExchange() override;

  // Nobody waits for the answer any more.
  void Close();

  const http::Request& request() const override { return request_; }
  std::string TakeBody() override { return std::exchange(request_.body, {}); }
  void ReleaseBody() override {}
  void Respond(http::Response response) override;
  void BeginStream(int status, http::Headers headers) override;
  bool Write(std::string) override { return false; }
  void Finish() override {}
  size_t pending_bytes() const override { return 0; }
  void OnDrained(std::function<void()>) override {}
  void OnClosed(std::function<void()> callback) override;
  void Post(std::function<void()> task) override;
  // Only streams do something later.
  void PostAfter(std::chrono::milliseconds, std::function<void()>) override {}

 private:
  void Answer(http::Response response) PANO_EXCLUDES(mu_);
  void AnswerStatus(int status, std::string body = "");

  http::Request request_;
  const std::shared_ptr<TaskLoop> loop_;
  Mutex mu_;
  Answered answered_ PANO_GUARDED_BY(mu_);  // null: it was called
  std::function<void()> on_closed_ PANO_GUARDED_BY(mu_);
  bool closed_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::api::batches
