#include "app/api/api.h"

#include <algorithm>
#include <new>
#include <utility>

#include "app/api/body_format.h"
#include "app/api/policy/authorization.h"
#include "app/api/policy/deadline.h"
#include "app/api/policy/guard.h"
#include "app/api/document/openapi.h"
#include "base/closest_name.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/serving/queue_room.h"

#ifndef PANO_VERSION
#define PANO_VERSION "0"
#endif

namespace pano::api {
namespace {

// A client whose base URL lacks "/v1" asks for paths that are nearly right.
std::string MeantPath(const RouteTable& table, std::string_view path) {
  std::vector<std::string_view> patterns;
  for (const Route& route : table.routes()) {
    const bool fixed = route.pattern.find('{') == std::string_view::npos;
    if (fixed && route.transport == Transport::kHttp) patterns.push_back(route.pattern);
  }
  return DidYouMean(path, patterns);
}

Failure NoRoute(const RouteTable& table, const http::Request& request,
                const RouteTable::Match& match) {
  if (match.allow.empty()) {
    if (const AbsentPath* absent = table.FindAbsent(request.path)) {
      return NotFound(StrCat("'", Printable(request.path), "' is not supported: ", absent->why))
          .WithReason("endpoint_not_supported");
    }
    return NotFound(StrCat("there is no '", Printable(request.path), "' here",
                           MeantPath(table, request.path)))
        .WithReason("route_not_found");
  }
  Status status = InvalidArgument(StrCat("'", Printable(request.path), "' takes ", match.allow,
                                         ", not ", Printable(request.method)));
  return Failure(std::move(status).WithReason("method_not_allowed"), 405);
}

http::Response Refusal(const Failure& failure, const http::Request& request,
                       const RouteTable::Match& match) {
  http::Response response = ErrorResponse(
      failure, request.id, match.route ? match.route->error_body : match.error_body);
  if (response.status == 405) response.headers.emplace_back("Allow", match.allow);
  return response;
}

auth::Credentials CredentialsOf(const http::Request& request) {
  return {request.Header("Authorization"), request.Header("X-Api-Key"),
          request.client_certificate_sha256};
}

// Who reads the first and who reads the last would see two callers.
bool ShowsTwoTokens(const http::Request& request) {
  return std::count_if(request.headers.begin(), request.headers.end(), [](const auto& header) {
           return ToLower(header.first) == "authorization";
         }) > 1;
}

// Whether a body larger than http::Server::kReadBytesAnyway is to come that nobody will read: of a route
// without one, or a form that is longer than forms are. Anybody may send those.
Failure CheckBodyBounds(const http::Request& head, const Route* route) {
  const bool post = route && route->method == "POST";
  if (post && !route->form) return {};
  const size_t bytes_max = post ? Route::kFormBytesMax : http::Server::kReadBytesAnyway;
  const std::string_view length = head.Header("Content-Length");
  const bool counted = !length.empty() && head.Header("Content-Encoding").empty();
  const int64_t bytes = ParseInt(length).value_or(0);
  if (counted && bytes <= static_cast<int64_t>(bytes_max)) return {};
  if (!counted && length.empty() && head.Header("Transfer-Encoding").empty()) return {};
  return FromHttpStatus(413, StrCat("'", Printable(head.path), "' takes a body of at most ", bytes_max,
                                    " bytes, with a Content-Length and not compressed"));
}

bool IsModelIn(Access::Place place, const Access& access) {
  return access.kind == Access::Kind::kModel && access.place == place;
}

// What a connection's own thread finds of a request before a thread of the work pool reads it.
struct FirstLook {
  Failure refused;
  // Its small body is parsed, and its model, which is loaded, reads whole inputs: what is left to do before it
  // waits for a batch costs less than to wake another thread for it.
  bool brief = false;
};

// A request for a model whose queue is full is refused here, before anybody makes ids of its text: there is most of
// what is refused when there is least time for it. Small bodies alone are parsed for that; Api::Work then finds
// them parsed.
FirstLook LookFirst(Context& context, Call& call, const Route& route) {
  constexpr size_t kSmallBodyBytes = 8 << 10, kBriefBodyBytes = 2 << 10;
  const std::string& text = call.request().body;
  const size_t bytes = text.size();
  const bool asks = route.access.kind == Access::Kind::kModel && route.access.permission == auth::Permission::kPredict;
  if (!asks || !route.reads_json() || route.body || route.prepare) return {};
  if (bytes > kSmallBodyBytes || !text.starts_with('{')) return {};
  json::ParseOptions options;
  options.depth_max = context.options.json_depth_max;
  if (Status status = ParseJsonBody(call.exchange().TakeBody(), options, call.body); !status.ok()) return {status};
  const auto found = LookUpModel(context.models, call.principal, call.access, NameOfModel(call));
  const models::Predictor* predictor = found.ok() ? (*found)->AsPredictor() : nullptr;
  auto* room = predictor ? dynamic_cast<serving::QueueRoom*>(predictor->predictor.get()) : nullptr;
  if (!room) return {};
  Status status = room->CheckRoom();
  // Quotas may wait for a disk or for another machine, which no connection's thread does.
  if (status.ok()) return {{}, bytes <= kBriefBodyBytes && !call.background && !context.options.quotas};
  call.model = (*found)->label;
  (*found)->CountUse();
  return {Refused(std::move(status), **found)};
}

Status Overloaded(std::string message) {
  return Status(StatusCode::kUnavailable, std::move(message)).WithReason("overloaded");
}

}  // namespace

Api::Api(const std::vector<Dialect>& dialects, RouteTable routes, Options options,
         models::ModelHost& models, std::unique_ptr<auth::Authenticator> authenticator, Hooks hooks,
         Clock& clock)
    : authenticator_(std::move(authenticator)),
      routes_(std::move(routes)),
      generations_(clock),
      held_(options.held_bytes_max),
      recorder_([statistics = statistics_, record = hooks.record, &clock](const RequestRecord& one) {
        statistics->Count(one, clock.UnixSeconds());
        if (record) record(one);
      }),
      answers_(std::make_shared<ByteBudget>(options.answer_bytes_max)),
      streams_(options.streams, clock),
      work_(std::make_unique<WorkPool>(options.work)),
      grammars_(std::make_unique<constraints::Compiler>(options.grammars, clock)),
      context_{
          options, std::move(hooks),
          models,  generations_,
          clock,   json::Dump(MakeOpenApi(routes_, dialects, options.document_order, PANO_VERSION)),
          *work_,  held_,  streams_,  *grammars_,  *statistics_,  authenticator_->required()} {}

Result<std::unique_ptr<Api>> Api::Create(const std::vector<Dialect>& dialects, Options options,
                                         models::ModelHost& models,
                                         std::unique_ptr<auth::Authenticator> authenticator,
                                         Hooks hooks, Clock& clock) {
  PANO_ASSIGN_OR_RETURN(RouteTable routes, RouteTable::Create(dialects));
  return std::unique_ptr<Api>(new Api(dialects, std::move(routes), options, models,
                                      std::move(authenticator), std::move(hooks), clock));
}

Api::~Api() {
  stopping_ = true;
  authenticator_.reset();
  grammars_.reset();  // what it was asked for goes on in the pool
  streams_.Stop();    // it wakes generations, which run on the pool
  work_.reset();
}

auth::Principal Api::Nobody() const {
  auth::Principal nobody;
  if (context_.credentials_required) nobody.scopes = {};
  return nobody;
}

std::optional<Result<auth::Principal>> Api::TryAuthenticate(const http::Request& request) {
  if (context_.credentials_required && ShowsTwoTokens(request)) {
    return Result<auth::Principal>(Status(StatusCode::kUnauthenticated,
                                          "there is more than one Authorization header")
                                       .WithReason(std::string(auth::kInvalidToken)));
  }
  return authenticator_->TryAuthenticate(CredentialsOf(request));
}

bool Api::NeedsPrincipal(const RouteTable::Match& match) {
  return !match.route || match.route->access != Access::kOpen;
}

Failure Api::Check(const http::Request& request, const RouteTable::Match& match,
                   const Result<auth::Principal>& who) {
  if (!who.ok()) {
    if (who.error().code() != StatusCode::kUnauthenticated) return who.error();
    return Unauthorized(who.error(), context_.options.resource, request);
  }
  if (!match.route) return NoRoute(routes_, request, match);
  const Access& access = match.route->access;
  if (Failure failure = Authorize(access, *who); !failure.ok()) return failure;
  if (match.route->method == "POST") {
    const bool form = match.route->form;
    Failure type;
    if (form) type = CheckFormContentType(request);
    if (const BodyFormat* body = match.route->body) {
      type = body->check(request);
    } else if (match.route->reads_json()) {
      type = CheckJsonContentType(request);
    }
    if (match.route->input == Route::Input::kMultipart) type = CheckMultipartContentType(request);
    if (!type.ok()) return type;
    if (context_.draining) {
      return Status(StatusCode::kUnavailable, "the server is draining").WithReason("draining");
    }
    if (context_.loading && match.route->reads_json()) return Loading();
  }
  if (!IsModelIn(Access::Place::kPath, access)) return {};
  return AuthorizeModel(context_.models, *who, access,
                        {match.Param("id"), match.Param("version")});
}

http::Response Api::Refuse(const Failure& failure, const http::Request& head,
                           const RouteTable::Match& match) {
  http::Response response = Refusal(failure, head, match);
  for (auto& header : CrossOriginHeaders(context_.options.callers, head.Header("Origin"))) {
    response.headers.push_back(header);
  }
  if (context_.hooks.record) {
    context_.hooks.record({.route = match.route ? match.route->pattern : "none",
                           .status = response.status,
                           .method = head.method,
                           .target = head.target,
                           .id = head.id,
                           .peer = head.peer});
  }
  return response;
}

std::optional<http::Response> Api::JudgeHead(const http::Request& head, const RouteTable::Match& match,
                                             const Result<auth::Principal>& who) {
  Failure failure = Check(head, match, who);
  if (failure.ok()) failure = CheckBodyBounds(head, match.route);
  if (failure.ok()) return std::nullopt;
  http::Response response = Refuse(failure, head, match);
  if (who.ok()) QuotaUse(context_.options.quotas).Look(*who, response.headers);
  return response;
}

http::Server::HeadVerdict Api::CheckHead(const http::Request& head, http::Server::Decide decide,
                                         Transport transport) {
  const CallerPolicy& callers = context_.options.callers;
  RouteTable::Match match = routes_.Find(head, transport);
  if (!callers.origins.empty() && IsPreflight(head)) {
    const Failure body = CheckBodyBounds(head, nullptr);
    if (body.ok()) return {};  // Handle answers it
    return {.refusal = Refuse(body, head, match)};
  }
  if (Status caller = CheckCaller(callers, head); !caller.ok()) return {.refusal = Refuse(caller, head, match)};
  if (!NeedsPrincipal(match)) return {.refusal = JudgeHead(head, match, Nobody())};
  if (const auto who = TryAuthenticate(head)) return {.refusal = JudgeHead(head, match, *who)};
  authenticator_->Authenticate(
      CredentialsOf(head), [this, head = std::make_shared<const http::Request>(head), match = std::move(match),
                            decide = std::move(decide)](const Result<auth::Principal>& who) {
        if (stopping_) return;   // the connections are gone
        decide(JudgeHead(*head, match, who));
      });
  return {.later = true};
}

Status Api::ReadBody(Call& call, const Route& route) {
  json::ParseOptions options;
  options.depth_max = context_.options.json_depth_max;
  if (route.body) return route.body->read(call, options);
  return ParseJsonBody(call.exchange().TakeBody(), options, call.body);
}

Status Api::SetDeadline(Call& call) {
  PANO_ASSIGN_OR_RETURN(const std::optional<Duration> deadline,
                        ReadDeadline(call.request().Header("grpc-timeout"), call.body));
  if (deadline) call.deadline = call.begun() + *deadline;
  return {};
}

void Api::Work(const CallPtr& call, const Route& route) {
  if (call->client_gone()) return call->Record(499);
  if (context_.clock.Now() - call->begun() > context_.options.work_wait_max) {
    return call->Fail(Overloaded("the request waited too long for a thread to read it"));
  }
  try {
    const bool json = route.method == "POST" && route.reads_json();
    Failure failure = json && call->body.is_null() ? Failure(ReadBody(*call, route)) : Failure();
    if (failure.ok() && route.prepare) failure = route.prepare(context_, *call);
    if (failure.ok() && IsModelIn(Access::Place::kBody, route.access)) {
      failure = AuthorizeModel(context_.models, call->principal, route.access, NameOfModel(*call));
    }
    if (failure.ok()) failure = SetDeadline(*call);
    if (failure.ok() && context_.hooks.administer && route.access.administers()) {
      const http::Request& request = call->request();
      const ModelName name = NameOfModel(*call);
      failure = context_.hooks.administer({.model = name.name,
                                           .route = route.pattern,
                                           .method = request.method,
                                           .target = request.target,
                                           .id = request.id,
                                           .peer = request.peer,
                                           .principal = &call->principal,
                                           .administers = true});
    }
    if (!failure.ok()) {
      call->Fail(failure);
      return call->ReleaseBody();
    }
    if (!AwaitModel(call, route)) Start(call, route);
  } catch (const std::bad_alloc&) {
    call->body = json::Value();   // makes room for the answer
    call->Fail(OutOfMemory());
  }
}

void Api::Start(const CallPtr& call, const Route& route) {
  if (call->client_gone()) return call->Record(499);
  try {
    route.handler(context_, call);
    call->ReleaseBody();
    if (const auto next = std::exchange(call->after_handler, nullptr)) next();
  } catch (const std::bad_alloc&) {
    call->body = json::Value();   // makes room for the answer
    call->after_handler = nullptr;
    call->Fail(OutOfMemory());
  }
}

bool Api::AwaitModel(const CallPtr& call, const Route& route) {
  models::ModelCatalog* catalog = context_.catalog;
  const bool asks = route.access.kind == Access::Kind::kModel &&
                    route.access.permission == auth::Permission::kPredict;
  if (!catalog || !asks) return false;
  const Result<models::ModelTarget> target =
      ResolveModel(context_.models, call->principal, call->access, NameOfModel(*call));
  if (!target.ok() || !catalog->Keeps(*target)) return false;
  if (context_.models.Find(target->id, target->version).ok()) return false;
  catalog->Await(*target, [this, call, &route](models::ModelCatalog::Refusal refusal) {
    if (!refusal.status.ok()) {
      Failure failure(std::move(refusal.status));
      failure.retry_after_seconds = refusal.retry_after_seconds;
      failure.progress = refusal.progress;
      return call->exchange().Post([call, failure = std::move(failure)] { call->Fail(failure); });
    }
    work_->SubmitAdmitted(0, [this, call, &route] { Start(call, route); });
  });
  return true;
}

CallPtr Api::MakeCall(std::shared_ptr<http::Exchange> exchange, const RouteTable::Match& match) {
  auto call = std::make_shared<Call>(std::move(exchange), recorder_, context_.clock);
  call->route = match.route ? std::string(match.route->pattern) : "none";
  call->answers = answers_;
  call->path_params = match.params;
  call->error_body = match.error_body;
  if (match.route) {
    call->access = match.route->access;
    call->error_body = match.route->error_body;
  }
  return call;
}

void Api::HandleFor(std::shared_ptr<http::Exchange> exchange, auth::Principal who) {
  const RouteTable::Match match = routes_.Find(exchange->request());
  const CallPtr call = MakeCall(std::move(exchange), match);
  call->background = true;
  Admit(call, match, std::move(who));
}

void Api::Handle(std::shared_ptr<http::Exchange> exchange, Transport transport) {
  RouteTable::Match match = routes_.Find(exchange->request(), transport);
  const CallPtr call = MakeCall(std::move(exchange), match);
  if (AnswerPreflight(*call)) return;
  if (Status caller = CheckCaller(context_.options.callers, call->request()); !caller.ok()) {
    return call->Respond(Refusal(caller, call->request(), match));
  }
  if (!NeedsPrincipal(match)) return Admit(call, match, Nobody());
  if (auto who = TryAuthenticate(call->request())) return Admit(call, match, *std::move(who));
  // The answer comes from a thread of the authenticator: the request goes on where it was.
  authenticator_->Authenticate(
      CredentialsOf(call->request()), [this, call, match = std::move(match)](Result<auth::Principal> who) mutable {
        if (stopping_) return;   // the connections are gone
        call->exchange().Post([this, call, match = std::move(match), who = std::move(who)] {
          Admit(call, match, who);
        });
      });
}

void Api::Admit(const CallPtr& call, const RouteTable::Match& match, Result<auth::Principal> who) {
  call->quota = QuotaUse(context_.options.quotas);
  if (who.ok()) call->quota.Look(*who, call->headers);
  if (Failure failure = Check(call->request(), match, who); !failure.ok()) {
    return call->Respond(Refusal(failure, call->request(), match));
  }
  call->principal = std::move(who).value();
  const Route& route = *match.route;
  // What is written down before it is done waits for a disk: that is not for a connection's thread.
  if (route.method != "POST" && !route.access.administers()) return route.handler(context_, call);
  if (route.access.kind == Access::Kind::kModel &&
      route.access.permission == auth::Permission::kPredict) {
    Failure refused =
        call->quota.Peek(call->principal, call->request().body, call->headers);
    if (!refused.ok()) return call->Fail(refused);
  }
  const size_t bytes = call->request().body.size();
  FirstLook look;
  try {
    look = LookFirst(context_, *call, route);
    if (!look.refused.ok()) {
      call->Fail(look.refused);
      return call->ReleaseBody();
    }
  } catch (const std::bad_alloc&) {
    call->body = json::Value();   // makes room for the answer
    return call->Fail(OutOfMemory());
  }
  call->WatchClient();
  if (look.brief) return Work(call, route);
  if (!work_->Submit(bytes, [this, call, &route] { Work(call, route); })) {
    call->Fail(Overloaded("too many requests wait for a thread to read them"));
  }
}

bool Api::AnswerPreflight(Call& call) {
  const CallerPolicy& callers = context_.options.callers;
  call.headers = CrossOriginHeaders(callers, call.request().Header("Origin"));
  if (callers.origins.empty() || !IsPreflight(call.request())) return false;
  if (!CheckCaller(callers, call.request()).ok()) return false;
  call.route = "preflight";
  call.Respond(PreflightResponse(callers, call.request()));
  return true;
}

http::Response HttpErrorBody(const CallerPolicy& callers, const http::Server::OwnError& error) {
  http::Response response =
      ErrorResponse(FromHttpStatus(error.status, error.message), error.request_id);
  for (auto& header : CrossOriginHeaders(callers, error.origin)) {
    response.headers.push_back(std::move(header));
  }
  return response;
}

}  // namespace pano::api
