#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/failure.h"
#include "app/auth/principal.h"
#include "app/http/http.h"
#include "base/clock.h"
#include "base/json.h"

namespace pano::api {

// One answered request, for metrics. Views live for the call of the recorder only.
struct RequestRecord {
  std::string_view model;  // "" where the route has none
  std::string_view route;  // the pattern, never the raw path
  int status = 0;          // 499: the client was gone before the end
  double seconds = 0;
};
using RequestRecorder = std::function<void(const RequestRecord&)>;

// One request on its way through the API: its exchange, who sent it, and the one place where it is
// answered and counted. Confined to the connection's thread until a handler says otherwise.
class Call {
 public:
  Call(std::shared_ptr<http::Exchange> exchange, RequestRecorder recorder, Clock& clock);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  http::Exchange& exchange() { return *exchange_; }
  const std::shared_ptr<http::Exchange>& exchange_ptr() { return exchange_; }
  const http::Request& request() const { return exchange_->request(); }
  // What stands in the path for "{name}" of the pattern.
  std::string_view PathParam(std::string_view name) const;

  // Answers once; later ones are ignored.
  void Respond(http::Response response);
  void RespondJson(const json::Value& body);
  // In the shape of errors of the route's dialect.
  void Fail(const Failure& failure);
  // Counts the request; the first call wins. For streams, whose end is elsewhere.
  void Record(int status);

  auth::Principal principal;
  std::string route;  // the pattern
  ErrorBody error_body = ErrorJson;
  std::string model;  // label of the model that answers
  std::vector<std::pair<std::string, std::string>> path_params;
  json::Value body;  // the parsed body of a JSON route

 private:
  const std::shared_ptr<http::Exchange> exchange_;
  const RequestRecorder recorder_;
  Clock& clock_;
  const TimePoint begun_;
  std::atomic<bool> recorded_{false};
};

using CallPtr = std::shared_ptr<Call>;

}  // namespace pano::api
