#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "app/api/context.h"
#include "app/api/generation.h"
#include "app/api/model_host.h"
#include "app/api/route.h"
#include "app/auth/authenticator.h"
#include "app/http/http.h"
#include "base/result.h"

namespace pano::api {

// What every request goes through: the loopback checks, the route and its policy, the key, the
// body; then its handler. The only place where HTTP, keys and models meet. Thread-safe.
class Api {
 public:
  // `models` and `clock` outlive the API. InvalidArgument when a route has no access policy.
  static Result<std::unique_ptr<Api>> Create(Options options, ModelHost& models,
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
  Api(Options options, ModelHost& models, std::unique_ptr<auth::Authenticator> authenticator,
      Hooks hooks, Clock& clock, RouteTable routes);

  Refusal Check(Call& call, const RouteTable::Match& match);
  Refusal ReadBody(Call& call);

  const std::unique_ptr<auth::Authenticator> authenticator_;
  const RouteTable routes_;
  Generations generations_;
  Context context_;
};

// http::Server's own errors in the API's shape.
http::Response HttpErrorBody(int status, std::string_view message, std::string_view request_id);

}  // namespace pano::api
