#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/http/http.h"

namespace pano::http {

// Takes a body piece by piece while it comes, where that is not held in memory. It goes, with what it took,
// when nobody holds it any more: also where the body never came to its end. Confined to the connection's thread.
class BodySink {
 public:
  // `more` false: no more of the body is read, the handler answers what was wrong, and the connection ends.
  using Taken = std::function<void(bool more)>;
  virtual ~BodySink() = default;
  // The next piece, on the connection's thread, which must not wait. `taken` is called once, from any thread;
  // until then nothing more is read.
  virtual void Take(std::string piece, Taken taken) = 0;
};

// How the body of a request is read: `bytes_max` of it at most, and where it is larger than
// Server::kReadBytesAnyway into `sink`, if there is one, kBytes at a time; body_timeout is then for each such
// piece. Nothing is given to the sink before the head check has let the request pass. A value.
struct BodyRule {
  static constexpr size_t kBytes = 256 << 10;
  size_t bytes_max = 0;
  std::shared_ptr<BodySink> sink = {};
};
// By a request's head; nothing: as ServerOptions says. Runs on the connection's thread.
using BodyRules = std::function<std::optional<BodyRule>(const Request& head)>;

// As Server::Start, with rules for bodies.
Result<std::unique_ptr<Server>> StartServer(ServerOptions options, Handler handler, Server::ErrorBody error_body,
                                            Clock& clock, Server::HeadCheck head_check, BodyRules body_rules);

// An exchange whose body may have gone to a sink. Confined to the connection's thread.
class SunkBody {
 public:
  virtual ~SunkBody() = default;
  virtual std::shared_ptr<BodySink> body_sink() const = 0;
};
// Where the body of a request went; null: it is in Exchange::TakeBody.
std::shared_ptr<BodySink> BodySinkOf(const Exchange& exchange);

}  // namespace pano::http
