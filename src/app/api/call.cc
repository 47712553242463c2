#include "app/api/call.h"

#include <utility>

namespace pano::api {

Call::Call(std::shared_ptr<http::Exchange> exchange, RequestRecorder recorder, Clock& clock)
    : exchange_(std::move(exchange)),
      recorder_(std::move(recorder)),
      clock_(clock),
      begun_(clock.Now()) {}

void Call::WatchClient() {
  exchange_->OnClosed([gone = gone_] { *gone = true; });
}

void Call::ReleaseBody() {
  body = json::Value();
  exchange_->ReleaseBody();
}

std::string_view Call::PathParam(std::string_view name) const {
  for (const auto& [key, value] : path_params) {
    if (key == name) return value;
  }
  return {};
}

// A handler that forgot to answer: the exchange says 500 by itself when it goes.
Call::~Call() { Record(500); }

void Call::Respond(http::Response response) {
  if (recorded_) return;
  Record(response.status);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.insert(response.headers.end(), headers.begin(), headers.end());
  exchange_->Respond(std::move(response));
}

void Call::RespondJson(const json::Value& answer) {
  http::Response response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = json::Dump(answer);
  Respond(std::move(response));
}

void Call::Fail(const Failure& failure) {
  if (client_gone()) return Record(499);
  Respond(ErrorResponse(failure, request().id, error_body));
}

void Call::Record(int status) {
  if (recorded_.exchange(true)) return;
  if (!recorder_) return;
  recorder_({.model = model,
             .route = route,
             .status = status,
             .seconds = Seconds(clock_.Now() - begun_),
             .method = request().method,
             .target = request().target,
             .id = request().id,
             .tokens = tokens});
}

}  // namespace pano::api
