#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "app/api/context.h"
#include "app/api/dialect.h"
#include "app/api/generation.h"
#include "app/api/request_statistics.h"
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

  ~Api();

  // The http::Handler.
  void Handle(std::shared_ptr<http::Exchange> exchange, Transport transport = Transport::kHttp);

  // A request that the server itself makes for a caller who has shown credentials before: it goes the way of all
  // others, with what they leave.
  void HandleFor(std::shared_ptr<http::Exchange> exchange, auth::Principal who);

  // The http::Server::HeadCheck: refuses by the head alone what Handle would refuse whatever the body
  // says, in the same words. Where it takes a while to know who calls, nothing is read meanwhile.
  http::Server::HeadVerdict CheckHead(const http::Request& head, http::Server::Decide decide,
                                      Transport transport = Transport::kHttp);

  // Until this is said again with false, /readyz says no and requests to models are answered 503.
  void SetLoading(bool loading) { context_.loading = loading; }

  // Models that come and go: requests wait for theirs to be loaded. It outlives the API, and is stopped
  // before the API ends.
  void SetCatalog(models::ModelCatalog* catalog) { context_.catalog = catalog; }

  // From now on /readyz says no and new generations are refused with 503; running ones go on.
  void BeginDrain() { context_.draining = true; }
  bool WaitUntilIdle(std::chrono::milliseconds timeout) {
    return generations_.WaitUntilNone(timeout);
  }

 private:
  Api(const std::vector<Dialect>& dialects, RouteTable routes, Options options,
      models::ModelHost& models, std::unique_ptr<auth::Authenticator> authenticator, Hooks hooks,
      Clock& clock);

  // The call of a request whose route was looked for.
  CallPtr MakeCall(std::shared_ptr<http::Exchange> exchange, const RouteTable::Match& match);
  // Sets the headers by which browsers let a page read the answer; answers a preflight whole.
  bool AnswerPreflight(Call& call);
  // Who calls an open route.
  auth::Principal Nobody() const;
  // Nothing when the answer takes a while; see auth::Authenticator.
  std::optional<Result<auth::Principal>> TryAuthenticate(const http::Request& request);
  // Whether a request has to say who it is from: without that a caller does not learn which paths
  // exist, either.
  static bool NeedsPrincipal(const RouteTable::Match& match);
  // What stands between a request and its handler by its head, once it is known who calls; ok: nothing.
  Failure Check(const http::Request& request, const RouteTable::Match& match,
                const Result<auth::Principal>& who);
  // What becomes of a request by its head once it is known who calls; nothing: its body is read.
  std::optional<http::Response> JudgeHead(const http::Request& head, const RouteTable::Match& match,
                                          const Result<auth::Principal>& who);
  // The answer to a request that the head alone refuses.
  http::Response Refuse(const Failure& failure, const http::Request& head,
                        const RouteTable::Match& match);
  // Goes on with a request whose caller is known.
  void Admit(const CallPtr& call, const RouteTable::Match& match, Result<auth::Principal> who);
  // Reads the request and starts its handler; on a thread of the pool.
  void Work(const CallPtr& call, const Route& route);
  // Starts the handler, once the model that the request names is loaded.
  void Start(const CallPtr& call, const Route& route);
  // Whether the request waits for its model now; then Start is called again.
  bool AwaitModel(const CallPtr& call, const Route& route);
  Status ReadBody(Call& call, const Route& route);
  // What the request says of when it has to be answered.
  Status SetDeadline(Call& call);

  std::unique_ptr<auth::Authenticator> authenticator_;  // ends first: its answers use the rest
  const RouteTable routes_;
  Generations generations_;
  ByteBudget held_;
  // Both outlive the API in calls that are still to be recorded.
  const std::shared_ptr<RequestStatistics> statistics_ = std::make_shared<RequestStatistics>();
  const RequestRecorder recorder_;
  const std::shared_ptr<ByteBudget> answers_;  // answers on their way keep it
  streams::StreamStore streams_;
  std::unique_ptr<WorkPool> work_;  // ends before what its tasks use
  std::unique_ptr<constraints::Compiler> grammars_;  // its results go to the pool
  Context context_;
  std::atomic<bool> stopping_{false};
};

// http::Server's own errors in the API's shape, readable by the pages that may call.
http::Response HttpErrorBody(const CallerPolicy& callers, const http::Server::OwnError& error);

}  // namespace pano::api
