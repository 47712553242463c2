#pragma once

#include <string>
#include <string_view>

#include "app/api/call.h"
#include "app/api/oauth/form.h"
#include "app/auth/issuer/token_issuer.h"
#include "app/audit/audit_event.h"

namespace pano::api::oauth {

// {"error", "error_description"} (RFC 6749, 5.2) of any failure.
json::Value OAuthErrorJson(const Failure& failure, std::string_view request_id);

// How a refusal of the issuer is answered: 400, 401 with a Basic challenge for invalid_client, 429 for
// who has to wait. What the store says stays here: 503 or 500.
Failure OAuthFailure(const Status& status);

// Answers with JSON that nobody may keep.
void RespondSecret(Call& call, const json::Value& body);
void FailSecret(Call& call, const Failure& failure);

// "127.0.0.1" of "127.0.0.1:4711".
std::string AddressOf(const http::Request& request);

// The client and its secret, by Basic or by the form, never both. InvalidArgument, "invalid_request".
Result<issuer::ClientProof> ReadProof(const http::Request& request, const Form& form);

// What all events of these routes have in common.
audit::Event EventOf(const Call& call, std::string action, std::string actor, const Status& outcome);

}  // namespace pano::api::oauth
