#pragma once

#include <any>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/failure.h"
#include "app/api/policy/access.h"
#include "app/api/policy/quota_gate.h"
#include "app/api/work/byte_budget.h"
#include "app/auth/principal.h"
#include "app/http/http.h"
#include "app/streams/stream_log.h"
#include "base/clock.h"
#include "base/json.h"

namespace pano::api {

// What a request was in tokens; what a client that went had been given counts. A value.
struct TokenCounts {
  int64_t prompt = 0;
  int64_t completion = 0;
};

// What a model did for a request. A value.
struct WorkDone {
  int64_t inputs = 0;  // texts, images: rows
  double queue_seconds = 0, compute_seconds = 0;
};

// One answered request, for metrics and the log. Views live for the call of the recorder only.
struct RequestRecord {
  std::string_view model = {};  // "" where the route has none
  std::string_view route = {};  // the pattern, never the raw path
  int status = 0;          // 499: the client was gone before the end
  double seconds = 0;
  std::string_view method = {};  // as sent
  std::string_view target = {};  // as sent, with the query
  std::string_view id = {};
  TokenCounts tokens = {};
  std::string_view peer = {};
  const auth::Principal* principal = nullptr;  // who sent it; null where that is not known
  bool administers = false;                    // its route's policy is one of administration
  bool predicts = false;                       // it is for a model's work
  WorkDone work = {};                          // that was done for it
};
using RequestRecorder = std::function<void(const RequestRecord&)>;

// One request on its way through the API: its exchange, who sent it, and the one place where it is
// answered and counted. Confined to one thread at a time: the connection's, then the one of the work
// pool that reads it, then the connection's again. Record and Respond may come from any.
class Call {
 public:
  Call(std::shared_ptr<http::Exchange> exchange, RequestRecorder recorder, Clock& clock);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  http::Exchange& exchange() { return *exchange_; }
  const std::shared_ptr<http::Exchange>& exchange_ptr() { return exchange_; }
  const http::Request& request() const { return exchange_->request(); }
  // Whether the client has gone while its request waited for a thread to read it. Thread-safe.
  bool client_gone() const { return *gone_; }
  const std::atomic<bool>& gone() const { return *gone_; }
  // From now on client_gone tells; whoever takes the exchange's OnClosed next ends that.
  void WatchClient();
  TimePoint begun() const { return begun_; }
  // Hands the exchange to whoever carries the answer from now on. The call keeps what the request was,
  // without its headers, and has nobody to answer any more: it outlives the connection. Once, before
  // another thread has the call.
  std::shared_ptr<http::Exchange> Detach();
  // Drops what only the reading of the request needed: its body, as text and parsed.
  void ReleaseBody();
  // What stands in the path for "{name}" of the pattern.
  std::string_view PathParam(std::string_view name) const;

  // Answers up to here are in no budget: their number is bounded by that of connections.
  static constexpr size_t kSmallAnswerBytes = 64 << 10;

  // Answers once; later ones are ignored. 503 in place of a large answer for which there is no memory.
  void Respond(http::Response response);
  void RespondJson(const json::Value& body);
  // In the shape of errors of the route's dialect.
  void Fail(const Failure& failure);
  // Counts the request; the first call wins. For streams, whose end is elsewhere.
  void Record(int status);

  auth::Principal principal{.scopes = {}};  // may do nothing until it is known who calls
  Access access;      // the route's policy
  std::string route;  // the pattern
  ErrorBody error_body = ErrorJson;
  std::string model;  // label of the model that answers
  TokenCounts tokens;
  WorkDone work;
  QuotaUse quota;     // settled when the request is recorded
  // Nobody waits for the answer at a connection: it is served with what others leave.
  bool background = false;
  // Until when it has to be answered, as the request says end to end (policy/deadline.h).
  std::optional<TimePoint> deadline;
  std::vector<std::pair<std::string, std::string>> path_params;
  http::Headers headers;  // that go out with every answer, streamed or not
  json::Value body;  // the parsed body of a JSON route
  std::any parsed;   // what the route's BodyFormat made of the body beside that
  // What whole answers are accounted in from their first token until the client has read them; null: in
  // nothing.
  std::shared_ptr<ByteBudget> answers;
  // What goes on in other threads, once the handler has returned and the body is gone; null: nothing.
  std::function<void()> after_handler;
  // Where the answer of a resumable stream goes; null: to the connection alone.
  std::shared_ptr<streams::StreamLog> stream_log;

 private:
  std::shared_ptr<http::Exchange> exchange_;
  const RequestRecorder recorder_;
  Clock& clock_;
  const TimePoint begun_;
  std::atomic<bool> recorded_{false};
  const std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
};

// Unavailable: whole answers hold as much as they may.
Status TooManyAnswersHeld(const ByteBudget& answers);

using CallPtr = std::shared_ptr<Call>;

}  // namespace pano::api
