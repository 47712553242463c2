#include "app/api/batches/local_exchange.h"

#include <utility>

namespace pano::api::batches {

LocalExchange::LocalExchange(http::Request request, std::shared_ptr<TaskLoop> loop, Answered answered)
    : request_(std::move(request)), loop_(std::move(loop)), answered_(std::move(answered)) {}

LocalExchange::~LocalExchange() { AnswerStatus(0); }

void LocalExchange::Answer(http::Response response) {
  Answered answered;
  {
    MutexLock lock(mu_);
    answered = std::exchange(answered_, nullptr);
  }
  if (answered) answered(std::move(response));
}

void LocalExchange::AnswerStatus(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  Answer(std::move(response));
}

void LocalExchange::Respond(http::Response response) { Answer(std::move(response)); }

void LocalExchange::BeginStream(int, http::Headers) {
  AnswerStatus(400, R"({"error":{"message":"an answer of a batch is no stream: leave out 'stream'","type":"invalid_request_error","param":"stream","code":"stream_not_supported"}})");
  Close();
}

void LocalExchange::OnClosed(std::function<void()> callback) {
  {
    MutexLock lock(mu_);
    if (!closed_) {
      on_closed_ = std::move(callback);
      return;
    }
  }
  callback();
}

void LocalExchange::Close() {
  std::function<void()> callback;
  {
    MutexLock lock(mu_);
    if (std::exchange(closed_, true)) return;
    callback = std::exchange(on_closed_, nullptr);
  }
  if (callback) Post(std::move(callback));
  AnswerStatus(499);
}

// The task keeps the exchange, as a connection does.
void LocalExchange::Post(std::function<void()> task) {
  loop_->Post([self = shared_from_this(), task = std::move(task)] { task(); });
}

}  // namespace pano::api::batches
