#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "app/api/context.h"
#include "app/api/dialect.h"
#include "app/api/generation.h"
#include "app/api/route.h"
#include "app/auth/authenticator.h"
#include "app/http/http.h"
#include "app/models/model_host.h"
#include "base/result.h"

namespace pano::api {

// What every request goes through: the loopback checks, the route and its policy, the key, the
// body; then its handler. The only place where HTTP, keys and models meet. Thread-safe.
class Api {
 public:
  // `models` and `clock` outlive the API. InvalidArgument when a route of a dialect has no access
  // policy, or stands twice.
  static Result<std::unique_ptr<Api>> Create(const std::vector<Dialect>& dialects, Options options,
                                             models::ModelHost& models,
                                             std::unique_ptr<auth::Authenticator> authenticator,
                                             Hooks hooks = {}, Clock& clock = Clock::Real());

  // The http::Handler.
  void Handle(std::shared_ptr<http::Exchange> exchange);

  // From now on /readyz says no and new generations are refused with 503; running ones go on.
  void BeginDrain() { context_.draining = true; }
  bool WaitUntilIdle(std::chrono::milliseconds timeout) {
    return generations_.WaitUntilNone(timeout);
  }

 private:
  Api(const std::vector<Dialect>& dialects, RouteTable routes, Options options,
      models::ModelHost& models, std::unique_ptr<auth::Authenticator> authenticator, Hooks hooks,
      Clock& clock);

  // What stands between a request and its handler; ok: nothing.
  Failure Check(Call& call, const RouteTable::Match& match);
  Status ReadBody(Call& call);

  const std::unique_ptr<auth::Authenticator> authenticator_;
  const RouteTable routes_;
  Generations generations_;
  Context context_;
};

// http::Server's own errors in the API's shape.
http::Response HttpErrorBody(int status, std::string_view message, std::string_view request_id);

}  // namespace pano::api
