#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/call.h"
#include "app/api/failure.h"
#include "app/api/policy/access.h"
#include "base/result.h"
#include "base/status.h"

namespace pano::api {

struct BodyFormat;
struct Context;
struct Dialect;

// How a request came: what a route of the one is for requests of the other does not exist.
enum class Transport : uint8_t { kHttp, kGrpc };

// What a route takes and gives, for the checks before its handler and for /openapi.json.
struct Route {
  std::string_view method;   // "GET" (answers HEAD too) or "POST" (takes JSON)
  std::string_view pattern;  // "/v1/models/{id}/predict": a name in braces stands for one segment,
                             // "{id}" for a model's id, "{path}" for a path: up to three ("org/name"); what
                             // follows the brace of "{id}:predict" ends the segment
  Access access = {};        // not set: the server does not start
  std::function<void(Context&, CallPtr)> handler = {};

  std::string_view operation_id = {};  // unique
  std::string_view summary = {};
  std::string_view request_schema = {};  // names of schemas; "" = none
  std::string_view response_schema = {};
  std::string_view content_type = "application/json";  // of the answer
  bool streams = false;                                // may answer as text/event-stream
  std::string_view event_schema = {};                  // of such a stream's events

  // "format=tfs": this route is for requests with that in their query and goes before one without,
  // so that two dialects can answer one path. Not in /openapi.json.
  std::string_view query = {};
  // The same for requests that carry this header, whatever it says.
  std::string_view header = {};
  // Whether it answers some requests only of a path that another route answers, too.
  bool IsVariant() const { return !query.empty() || !header.empty(); }

  // Runs once the body is parsed and before the model that it names is looked for: puts what a dialect
  // says in its own way (how it calls the model) where the core looks. None: the body is as it is.
  Status (*prepare)(Context&, Call&) = nullptr;

  // A POST that takes application/x-www-form-urlencoded in place of JSON: the handler reads the body itself,
  // and needs no model, so that it answers while they load.
  bool form = false;
  static constexpr size_t kFormBytesMax = 32 << 10;

  // What a POST that is no `form` takes. Of all but JSON the handler reads the body itself, also while models load.
  enum class Input : uint8_t { kJson, kMultipart, kNone };
  Input input = Input::kJson;
  bool reads_json() const { return !form && input == Input::kJson; }
  // Of kJson: what else than a JSON document the body is; null: that.
  const BodyFormat* body = nullptr;
  Transport transport = Transport::kHttp;

  ErrorBody error_body = ErrorJson;  // its dialect's: the table sets it
};

// An endpoint that the protocol has and this server has not, so that the 404 says so. A value.
struct AbsentPath {
  std::string_view path;  // "/v1/audio": this, and what is below it
  std::string_view why;   // "speech is neither read nor spoken here"
};

// The one table of routes, in the order of the dialects. Immutable, so thread-safe.
class RouteTable {
 public:
  // InvalidArgument when a route has no policy, or one that names a model where the route has no place
  // for its name; when it has no handler, or stands twice.
  static Result<RouteTable> Create(const std::vector<Dialect>& dialects);

  struct Match {
    const Route* route = nullptr;  // null: none with that method
    std::vector<std::pair<std::string, std::string>> params;
    std::string allow;  // methods of the path ("GET, HEAD"); "": no such path
    // The shape of errors where there is no route: that of the dialect below whose prefix the path is.
    ErrorBody error_body = ErrorJson;
    // What stands in the path for "{name}" of the pattern; "" when it has none.
    std::string_view Param(std::string_view name) const;
  };
  Match Find(const http::Request& request, Transport transport = Transport::kHttp) const;
  // What a dialect says of a path that it has no route for; null: none knows it.
  const AbsentPath* FindAbsent(std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<AbsentPath> absent_;
  std::vector<std::pair<std::string_view, ErrorBody>> prefixes_;  // of dialects
};

}  // namespace pano::api
