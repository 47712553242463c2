#include "app/api/oauth/login_page.h"

#include "app/api/oauth/form.h"
#include "app/auth/issuer/redirect_uri.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::oauth {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:10vh auto;padding:0 1rem}"
    "label{display:block;margin:1rem 0 .25rem}input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit}"
    "button{margin-top:1.5rem;padding:.6rem 1.2rem;font:inherit}code{overflow-wrap:anywhere}.problem{color:#a00}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.problem{color:#f88}}";

http::Response Page(std::string_view body, std::string_view form_target, int status) {
  const std::string nonce = RandomHex(16);
  http::Response response;
  response.status = status;
  // same-origin, so that the form's own POST carries an Origin that can be checked.
  response.headers = {
      {"Content-Type", "text/html; charset=utf-8"},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "same-origin"},
      {"X-Frame-Options", "DENY"},
      {"Content-Security-Policy",
       StrCat("default-src 'none'; style-src 'nonce-", nonce, "'; base-uri 'none'; form-action ", form_target,
              "; frame-ancestors 'none'")},
  };
  response.body = StrCat("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                         "<meta name=\"viewport\" content=\"width=device-width\"><title>Panorama: log in</title><style nonce=\"",
                         nonce, "\">", kStyle, "</style></head>\n<body>", body, "</body></html>\n");
  return response;
}

}  // namespace

http::Response LoginPage(const issuer::AuthorizeRequest& request, const issuer::AuthorizePlan& plan,
                         std::string_view form_proof, std::string_view problem, int status) {
  std::string body = StrCat("<h1>Log in</h1>\n<p><b>", EscapeHtml(request.client_id),
                            "</b> asks to act for you with <code>", EscapeHtml(plan.scope), "</code>.</p>\n");
  if (!problem.empty()) body += StrCat("<p class=\"problem\" role=\"alert\">", EscapeHtml(problem), "</p>\n");
  body += "<form method=\"post\" action=\"/oauth/authorize\">\n";
  const std::pair<std::string_view, std::string_view> hidden[] = {
      {"response_type", request.response_type},
      {"client_id", request.client_id},
      {"redirect_uri", request.redirect_uri},
      {"scope", request.scope},
      {"state", request.state},
      {"code_challenge", request.code_challenge},
      {"code_challenge_method", request.code_challenge_method},
      {"nonce", request.nonce},
      {"csrf", form_proof},
  };
  for (const auto& [name, value] : hidden) {
    if (value.empty()) continue;
    body += StrCat("<input type=\"hidden\" name=\"", name, "\" value=\"", EscapeHtml(value), "\">\n");
  }
  body +=
      "<label for=\"username\">Name</label><input id=\"username\" name=\"username\" autocomplete=\"username\" required "
      "autofocus>\n<label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" "
      "autocomplete=\"current-password\" required>\n<button type=\"submit\">Log in</button></form>";
  // Browsers hold the redirect that follows the form to this, too.
  return Page(body, StrCat("'self' ", issuer::RedirectSource(plan.redirect_uri)), status);
}

http::Response ProblemPage(std::string_view problem, int status) {
  return Page(StrCat("<h1>This cannot go on</h1>\n<p class=\"problem\">", EscapeHtml(problem), "</p>"), "'none'", status);
}

}  // namespace pano::api::oauth
