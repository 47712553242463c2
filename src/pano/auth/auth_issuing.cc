// pano auth init|rotate|token.
#include <cstdio>
#include <memory>
#include <string>

#include "app/auth/bearer/issuer_settings.h"
#include "app/auth/issuer/duration_text.h"
#include "app/auth/issuer/token_issuer.h"
#include "base/strings.h"
#include "pano/auth/auth_actions.h"
#include "pano/auth/auth_state.h"

namespace pano::cli {
namespace {

// Of a token made by hand: so long is what was revoked remembered, and a key kept by default after its rotation.
constexpr int64_t kTokenSecondsMax = 86'400;

void DeclareAlgorithm(OptionSet& options, std::string* algorithm) {
  options.Choice("algorithm", algorithm, {"ES256", "RS256"}, "How tokens are signed.");
}

}  // namespace

int RunAuthInit(const Command& self, Args args) {
  AuthState state;
  std::string algorithm = "ES256";
  OptionSet options;
  DeclareAlgorithm(options, &algorithm);
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  bool created = false;
  const Status done = state.Administer("state.init", state.folder(), {}, [&]() -> Status {
    PANO_ASSIGN_OR_RETURN(created, issuer::AuthStore::Init(state.folder(), *jose::ParseAlgorithm(algorithm), NowUnixSeconds()));
    return {};
  });
  if (!done.ok()) return Fail(self, done);
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  json::Value answer;
  answer.Set("state", state.folder());
  answer.Set("created", created);
  state.Print(answer);
  return 0;
}

int RunAuthRotate(const Command& self, Args args) {
  AuthState state;
  std::string algorithm = "ES256", overlap = "24h";
  OptionSet options;
  DeclareAlgorithm(options, &algorithm);
  options.String("overlap", &overlap, "How long tokens that the old key signed are still taken, as 24h or 1s.", "TIME");
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  const Result<int64_t> seconds = issuer::ParseDurationSeconds(overlap);
  if (!seconds.ok()) return FailAuth(self, seconds.error().Wrap("--overlap"));
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Result<jose::SigningKey> key = jose::SigningKey::Generate(*jose::ParseAlgorithm(algorithm));
  if (!key.ok()) return Fail(self, key.error());
  const int64_t now = NowUnixSeconds();
  const Status done = state.Administer("signing_key.rotate", key->thumbprint(), {{"overlap", overlap}},
                                       [&] { return (*store)->AddSigningKey(*key, now, now + *seconds); });
  if (!done.ok()) return Fail(self, done);
  json::Value answer;
  answer.Set("kid", key->thumbprint());
  answer.Set("algorithm", algorithm);
  answer.Set("old_keys_end", TimeOrNull(now + *seconds));
  state.Print(answer);
  return 0;
}

int RunAuthToken(const Command& self, Args args) {
  AuthState state;
  std::string client, scope, name, expires = "1h";
  OptionSet options;
  options.String("client", &client, "The client that the token is for.", "ID");
  options.String("scope", &scope, "What it may do: of the client's scopes, with spaces between. Without it, all of them.",
                 "SCOPE");
  options.String("expires", &expires, "How long it is good, as 1h or 30s; at most 24h.", "TIME");
  options.String("issuer", &name,
                 "The issuer's name in the token. Without it, what the last server had as --issuer, else a name of the "
                 "state that each server with it knows.",
                 "URL");
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  if (client.empty()) return FailUsage(self, "--client ID is needed");
  const Result<int64_t> seconds = issuer::ParseDurationSeconds(expires);
  if (!seconds.ok()) return FailAuth(self, seconds.error().Wrap("--expires"));
  if (*seconds > kTokenSecondsMax) return FailUsage(self, "--expires is at most 24h for a token; an API key can be good for longer");
  if (!name.empty()) {
    if (Status status = bearer::CheckIssuerUrl(name); !status.ok()) return FailAuth(self, status.Wrap("--issuer"));
  }
  auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  if (name.empty()) {
    Result<std::string> recorded = (*store)->IssuerName();
    if (!recorded.ok()) return Fail(self, recorded.error());
    name = *std::move(recorded);
  }
  auto known = issuer::IssuerState::Create(*std::move(store), Clock::Real(), Duration::zero());
  if (!known.ok()) return Fail(self, known.error());
  issuer::TokenIssuer issuer(*known, name);
  Result<issuer::TokenAnswer> token = Internal("");
  const Status done = state.Administer("token.issue", client, {{"scope", scope}}, [&] {
    token = issuer.IssueDirectly(client, scope, *seconds);
    return token.status();
  });
  if (!done.ok()) return Fail(self, done, done.code() == StatusCode::kNotFound ? "see 'pano auth client list'" : "");
  json::Value answer;
  answer.Set("access_token", token->access_token);
  answer.Set("token_type", "Bearer");
  answer.Set("expires_in", token->expires_in);
  answer.Set("scope", token->scope);
  state.PrintToken(answer);
  return 0;
}

}  // namespace pano::cli
