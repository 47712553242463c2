#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/http/http.h"
#include "base/json.h"

namespace pano::api::testing {

// An exchange that a test drives by hand: what was posted runs in Run(), what was written is kept,
// and the peer reads, dawdles or goes as the test says. Post and Write may come from any thread.
class FakeExchange final : public http::Exchange {
 public:
  explicit FakeExchange(http::Request request) : request_(std::move(request)) {}

  const http::Request& request() const override { return request_; }
  std::string TakeBody() override { return std::exchange(request_.body, {}); }
  void ReleaseBody() override {
    std::lock_guard lock(mu_);
    body_released_ = true;
  }

  void Respond(http::Response response) override {
    std::lock_guard lock(mu_);
    response_ = std::move(response);
  }
  void BeginStream(int status, http::Headers headers) override {
    std::lock_guard lock(mu_);
    response_ = http::Response{status, std::move(headers), ""};
    streaming_ = true;
  }
  bool Write(std::string data) override {
    std::lock_guard lock(mu_);
    if (gone_) return false;
    if (!reading_) pending_ += data.size();
    written_ += data;
    return true;
  }
  void Finish() override {
    std::lock_guard lock(mu_);
    finished_ = true;
  }
  void CutOff() override {
    std::lock_guard lock(mu_);
    cut_off_ = true;
  }
  size_t pending_bytes() const override {
    std::lock_guard lock(mu_);
    return pending_;
  }
  void OnDrained(std::function<void()> callback) override { on_drained_ = std::move(callback); }
  void OnClosed(std::function<void()> callback) override { on_closed_ = std::move(callback); }
  void Post(std::function<void()> task) override {
    std::lock_guard lock(mu_);
    tasks_.push_back(std::move(task));
  }
  void PostAfter(std::chrono::milliseconds, std::function<void()> task) override {
    std::lock_guard lock(mu_);
    delayed_.push_back(std::move(task));
  }

  // Runs what was posted, and what that posts.
  void Run() { RunAll(tasks_); }
  // Lets every delay pass once.
  void RunDelayed() {
    std::deque<std::function<void()>> due;
    {
      std::lock_guard lock(mu_);
      due.swap(delayed_);
    }
    for (auto& task : due) task();
  }
  void StopReading() { reading_ = false; }
  void ReadAgain() {
    {
      std::lock_guard lock(mu_);
      reading_ = true;
      pending_ = 0;
    }
    if (on_drained_) on_drained_();
  }
  void Disconnect() {
    {
      std::lock_guard lock(mu_);
      gone_ = true;
    }
    if (on_closed_) on_closed_();
  }

  // Lets go of all callbacks, as a connection does that has gone.
  void Release() {
    std::deque<std::function<void()>> tasks;
    std::deque<std::function<void()>> delayed;
    {
      std::lock_guard lock(mu_);
      tasks.swap(tasks_);
      delayed.swap(delayed_);
    }
    on_drained_ = nullptr;
    on_closed_ = nullptr;
  }

  bool answered() const {
    std::lock_guard lock(mu_);
    return response_.has_value();
  }
  bool body_released() const {
    std::lock_guard lock(mu_);
    return body_released_;
  }
  bool streaming() const { return streaming_; }
  bool finished() const {
    std::lock_guard lock(mu_);
    return finished_;
  }
  bool cut_off() const {
    std::lock_guard lock(mu_);
    return cut_off_;
  }
  int status() const { return response_ ? response_->status : 0; }
  const std::string& body() const { return streaming_ ? written_ : response_->body; }
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : response_->headers) {
      if (key == name) return value;
    }
    return "";
  }
  int HeaderCount(std::string_view name) const {
    int count = 0;
    for (const auto& [key, value] : response_->headers) count += key == name;
    return count;
  }
  json::Value json() const { return json::Parse(body()).value_or(json::Value()); }

 private:
  void RunAll(std::deque<std::function<void()>>& queue) {
    while (true) {
      std::function<void()> task;
      {
        std::lock_guard lock(mu_);
        if (queue.empty()) return;
        task = std::move(queue.front());
        queue.pop_front();
      }
      task();
    }
  }

  http::Request request_;
  mutable std::mutex mu_;
  std::deque<std::function<void()>> tasks_;
  std::deque<std::function<void()>> delayed_;
  std::function<void()> on_drained_;
  std::function<void()> on_closed_;
  std::optional<http::Response> response_;
  std::string written_;
  size_t pending_ = 0;
  bool reading_ = true;
  bool streaming_ = false;
  bool cut_off_ = false;
  bool finished_ = false;
  bool gone_ = false;
  bool body_released_ = false;
};

}  // namespace pano::api::testing
