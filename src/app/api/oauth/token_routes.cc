#include "app/api/oauth/token_routes.h"

#include <utility>

#include "app/api/oauth/oauth_call.h"

namespace pano::api::oauth {
namespace {

// Reads the form and the client and goes on, on a thread for secrets, with what `act` answers.
template <typename Act>
void WithClient(const OAuthServerPtr& server, const CallPtr& call, std::string action, Act act) {
  Result<Form> form = Form::Parse(call->exchange().TakeBody());
  if (!form.ok()) return FailSecret(*call, OAuthFailure(form.error().WithReason("invalid_request")));
  Result<issuer::ClientProof> proof = ReadProof(call->request(), *form);
  if (!proof.ok()) return FailSecret(*call, OAuthFailure(proof.error()));
  const bool queued = server->Submit([server, call, action = std::move(action), act = std::move(act),
                                      form = *std::move(form), proof = *std::move(proof)] {
    if (call->client_gone()) return call->Record(499);
    const Result<json::Value> answer = act(server->issuer(), proof, form);
    server->Note(EventOf(*call, action, proof.id, answer.status()));
    if (answer.ok()) return RespondSecret(*call, *answer);
    Failure failure = OAuthFailure(answer.error());
    if (failure.HttpStatus() == 429) {
      failure.retry_after_seconds = server->issuer().throttle().WaitSeconds("client " + proof.id, proof.address);
    }
    FailSecret(*call, failure);
  });
  if (!queued) {
    FailSecret(*call, Status(StatusCode::kUnavailable, "too many requests to the issuer wait; try again later"));
  }
}

Result<json::Value> TokenJson(issuer::TokenIssuer& issuer, const issuer::ClientProof& proof, const Form& form) {
  const issuer::TokenRequest request{.grant_type = form.Get("grant_type"),
                                     .scope = form.Get("scope"),
                                     .code = form.Get("code"),
                                     .redirect_uri = form.Get("redirect_uri"),
                                     .code_verifier = form.Get("code_verifier"),
                                     .refresh_token = form.Get("refresh_token")};
  PANO_ASSIGN_OR_RETURN(const issuer::TokenAnswer answer, issuer.Token(proof, request));
  json::Value body;
  body.Set("access_token", answer.access_token);
  body.Set("token_type", "Bearer");
  body.Set("expires_in", answer.expires_in);
  if (!answer.refresh_token.empty()) body.Set("refresh_token", answer.refresh_token);
  if (!answer.id_token.empty()) body.Set("id_token", answer.id_token);
  body.Set("scope", answer.scope);
  return body;
}

}  // namespace

void Token(const OAuthServerPtr& server, const CallPtr& call) {
  WithClient(server, call, "token.issue", TokenJson);
}

void Revoke(const OAuthServerPtr& server, const CallPtr& call) {
  WithClient(server, call, "token.revoke",
             [](issuer::TokenIssuer& issuer, const issuer::ClientProof& proof, const Form& form) -> Result<json::Value> {
               PANO_RETURN_IF_ERROR(issuer.Revoke(proof, form.Get("token")));
               return json::Value(json::Object());
             });
}

void Introspect(const OAuthServerPtr& server, const CallPtr& call) {
  WithClient(server, call, "token.introspect",
             [](issuer::TokenIssuer& issuer, const issuer::ClientProof& proof, const Form& form) {
               return issuer.Introspect(proof, form.Get("token"));
             });
}

}  // namespace pano::api::oauth
