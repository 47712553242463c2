#include "app/api/call.h"

#include <utility>

#include "app/api/policy/challenge.h"
#include "base/strings.h"

namespace pano::api {
namespace {

// What is left of an exchange when the answer goes elsewhere. Thread-safe: it does nothing.
class DetachedExchange final : public http::Exchange {
 public:
  explicit DetachedExchange(const http::Request& request) {
    request_.method = request.method;
    request_.target = request.target;
    request_.path = request.path;
    request_.peer = request.peer;
    request_.id = request.id;
  }
  const http::Request& request() const override { return request_; }
  std::string TakeBody() override { return {}; }
  void ReleaseBody() override {}
  void Respond(http::Response) override {}
  void BeginStream(int, http::Headers) override {}
  bool Write(std::string) override { return false; }
  void Finish() override {}
  size_t pending_bytes() const override { return 0; }
  void OnDrained(std::function<void()>) override {}
  void OnClosed(std::function<void()>) override {}
  void Post(std::function<void()>) override {}
  void PostAfter(std::chrono::milliseconds, std::function<void()>) override {}

 private:
  http::Request request_;
};

}  // namespace

Status TooManyAnswersHeld(const ByteBudget& answers) {
  return Status(StatusCode::kUnavailable,
                StrCat("answers that their clients have not read yet hold ", answers.held(), " bytes of the ",
                       answers.bytes_max(), " they may"))
      .WithReason("overloaded");
}

Call::Call(std::shared_ptr<http::Exchange> exchange, RequestRecorder recorder, Clock& clock)
    : exchange_(std::move(exchange)),
      recorder_(std::move(recorder)),
      clock_(clock),
      begun_(clock.Now()) {}

void Call::WatchClient() {
  exchange_->OnClosed([gone = gone_] { *gone = true; });
}

std::shared_ptr<http::Exchange> Call::Detach() {
  exchange_->ReleaseBody();  // while the exchange is at hand: it was read by now
  return std::exchange(exchange_, std::make_shared<DetachedExchange>(exchange_->request()));
}

void Call::ReleaseBody() {
  body = json::Value();
  parsed.reset();
  exchange_->ReleaseBody();
}

std::string_view Call::PathParam(std::string_view name) const {
  for (const auto& [key, value] : path_params) {
    if (key == name) return value;
  }
  return {};
}

// A handler that forgot to answer: the exchange says 500 by itself when it goes. A log that has no end
// by now has no producer: the call was refused.
Call::~Call() {
  Record(500);
  if (!stream_log || stream_log->ended()) return;
  stream_log->Discard();
  stream_log->End();
}

void Call::Respond(http::Response response) {
  if (recorded_) return;
  if (answers && response.body.size() > kSmallAnswerBytes) {
    if (auto lease = answers->Take(response.body.size())) {
      using Held = std::pair<std::shared_ptr<ByteBudget>, ByteBudget::Lease>;  // the lease goes first
      response.held = std::make_shared<Held>(answers, *std::move(lease));
    } else {
      response = ErrorResponse(TooManyAnswersHeld(*answers), request().id, error_body);
    }
  }
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
  Respond(ErrorResponse(WithChallenge(failure), request().id, error_body));
}

void Call::Record(int status) {
  if (recorded_.exchange(true)) return;
  quota.Settle(tokens.prompt + tokens.completion);
  if (!recorder_) return;
  recorder_({.model = model,
             .route = route,
             .status = status,
             .seconds = Seconds(clock_.Now() - begun_),
             .method = request().method,
             .target = request().target,
             .id = request().id,
             .tokens = tokens,
             .peer = request().peer,
             .principal = &principal,
             .administers = access.administers(),
             .predicts = access.kind == Access::Kind::kModel &&
                         access.permission == auth::Permission::kPredict,
             .work = work});
}

}  // namespace pano::api
