#include "app/api/oauth/authorize.h"

#include <utility>

#include "app/api/oauth/form.h"
#include "app/api/oauth/login_page.h"
#include "app/api/oauth/oauth_call.h"
#include "app/auth/issuer/redirect_uri.h"
#include "app/auth/issuer/secret.h"
#include "base/percent_encoding.h"
#include "base/strings.h"

namespace pano::api::oauth {
namespace {

constexpr std::string_view kCookie = "pano_login";

issuer::AuthorizeRequest RequestOf(const Form& form) {
  return {.response_type = form.Get("response_type"),
          .client_id = form.Get("client_id"),
          .redirect_uri = form.Get("redirect_uri"),
          .scope = form.Get("scope"),
          .state = form.Get("state"),
          .code_challenge = form.Get("code_challenge"),
          .code_challenge_method = form.Get("code_challenge_method"),
          .nonce = form.Get("nonce")};
}

// The value of our cookie; "" where there is none.
std::string CookieOf(const http::Request& request) {
  const std::string_view header = request.Header("Cookie");
  for (std::string_view piece : Split(header.substr(0, 8192), ';')) {
    piece = Trim(piece);
    if (piece.substr(0, kCookie.size()) == kCookie && piece.substr(kCookie.size()).starts_with('=')) {
      return std::string(piece.substr(kCookie.size() + 1, 128));
    }
  }
  return {};
}

// Sends the browser back to its client with `query`, the state and who answers (RFC 9207).
void Redirect(Call& call, OAuthServer& server, const std::string& to, std::string query, const std::string& state) {
  if (!state.empty()) query += StrCat("&state=", PercentEncode(state));
  query += StrCat("&iss=", PercentEncode(server.issuer().name()));
  http::Response response;
  response.status = 302;
  response.headers = {{"Location", issuer::WithQuery(to, query)},
                      {"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"}};
  call.Respond(std::move(response));
}

void RedirectFault(Call& call, OAuthServer& server, const issuer::AuthorizePlan& plan, const Status& fault,
                   const std::string& state) {
  const std::string error = fault.reason().empty() ? "server_error" : fault.reason();
  Redirect(call, server, plan.redirect_uri,
           StrCat("error=", PercentEncode(error), "&error_description=", PercentEncode(fault.message())), state);
}

// A browser says where a form was sent from, or has a cookie; what does neither is no browser, which no other
// page could have made send this.
bool FromABrowser(const http::Request& request) {
  return !request.Header("Origin").empty() || !request.Header("Sec-Fetch-Site").empty() ||
         !request.Header("Cookie").empty();
}

bool FromOurPage(OAuthServer& server, const http::Request& request, const Form& form) {
  const std::string cookie = CookieOf(request);
  const std::string& proof = form.Get("csrf");
  if (cookie.empty() && proof.empty()) return !FromABrowser(request);
  return !cookie.empty() && issuer::EqualSecrets(proof, server.FormProof(cookie));
}

void ShowPage(Call& call, OAuthServer& server, const issuer::AuthorizeRequest& request,
              const issuer::AuthorizePlan& plan, std::string_view problem, int status, int64_t retry_after = 0) {
  std::string cookie = CookieOf(call.request());
  const bool fresh = cookie.empty();
  if (fresh) {
    Result<std::string> made = issuer::RandomSecret(24);
    if (!made.ok()) return call.Respond(ProblemPage("the server has no random numbers", 500));
    cookie = *std::move(made);
  }
  http::Response page = LoginPage(request, plan, server.FormProof(cookie), problem, status);
  if (fresh) {
    const bool secure = server.issuer().name().starts_with("https:");
    page.headers.emplace_back("Set-Cookie", StrCat(kCookie, "=", cookie, "; Path=/oauth/authorize; Max-Age=3600; HttpOnly; "
                                                   "SameSite=Strict", secure ? "; Secure" : ""));
  }
  if (status == 401) page.headers.emplace_back("WWW-Authenticate", "Form realm=\"panorama\"");
  if (status == 429) SetRetryAfter(page, retry_after);
  call.Respond(std::move(page));
}

void LogIn(OAuthServer& server, Call& call, const Form& form, const issuer::AuthorizeRequest& request,
           const issuer::AuthorizePlan& plan) {
  const std::string& user = form.Get("username");
  const std::string address = AddressOf(call.request());
  const Result<std::string> code = server.issuer().Login(request, plan, user, form.Get("password"), address);
  audit::Event event = EventOf(call, "user.login", user, code.status());
  event.target = request.client_id;
  server.Note(std::move(event));
  if (code.ok()) {
    return Redirect(call, server, plan.redirect_uri, StrCat("code=", PercentEncode(*code)), request.state);
  }
  const Status& status = code.error();
  if (status.code() == StatusCode::kUnauthenticated) return ShowPage(call, server, request, plan, status.message(), 401);
  if (status.reason() == "slow_down") {
    return ShowPage(call, server, request, plan, status.message(), 429,
                    server.issuer().throttle().WaitSeconds(StrCat("user ", user), address));
  }
  if (status.code() == StatusCode::kPermissionDenied) return RedirectFault(call, server, plan, status, request.state);
  const Failure failure = OAuthFailure(status);
  call.Respond(ProblemPage(failure.status.message(), failure.HttpStatus()));
}

}  // namespace

void ShowLogin(const OAuthServerPtr& server, const CallPtr& call) {
  const Result<Form> form = Form::FromQuery(call->request().query);
  if (!form.ok()) return call->Respond(ProblemPage(form.error().message(), 400));
  const issuer::AuthorizeRequest request = RequestOf(*form);
  const Result<issuer::AuthorizePlan> plan = server->issuer().PlanAuthorize(request);
  if (!plan.ok()) return call->Respond(ProblemPage(plan.error().message(), 400));
  if (!plan->fault.ok()) return RedirectFault(*call, *server, *plan, plan->fault, request.state);
  if (form->Get("prompt") == "none") {
    // Nobody stays logged in here.
    const Status fault = InvalidArgument("the user has to log in").WithReason("login_required");
    return RedirectFault(*call, *server, *plan, fault, request.state);
  }
  ShowPage(*call, *server, request, *plan, "", 200);
}

void Login(const OAuthServerPtr& server, const CallPtr& call) {
  Result<Form> form = Form::Parse(call->exchange().TakeBody());
  if (!form.ok()) return call->Respond(ProblemPage(form.error().message(), 400));
  issuer::AuthorizeRequest request = RequestOf(*form);
  Result<issuer::AuthorizePlan> plan = server->issuer().PlanAuthorize(request);
  if (!plan.ok()) return call->Respond(ProblemPage(plan.error().message(), 400));
  if (!plan->fault.ok()) return RedirectFault(*call, *server, *plan, plan->fault, request.state);
  if (!FromOurPage(*server, call->request(), *form)) {
    return ShowPage(*call, *server, request, *plan, "the form was not filled in here; please log in again", 403);
  }
  if (form->Get("username").empty() || form->Get("password").empty()) {
    return ShowPage(*call, *server, request, *plan, "the name or the password is missing", 400);
  }
  const bool queued = server->Submit([server, call, form = *std::move(form), request = std::move(request),
                                      plan = *std::move(plan)] {
    if (call->client_gone()) return call->Record(499);
    LogIn(*server, *call, form, request, plan);
  });
  if (!queued) {
    http::Response busy = ProblemPage("too many people log in just now; please try again", 503);
    SetRetryAfter(busy, 2);
    call->Respond(std::move(busy));
  }
}

}  // namespace pano::api::oauth
