// pano auth key create|list|revoke.
#include <optional>
#include <string>
#include <vector>

#include "app/auth/issuer/duration_text.h"
#include "app/auth/issuer/issuer_state.h"
#include "base/strings.h"
#include "pano/auth/auth_actions.h"
#include "pano/auth/auth_state.h"

namespace pano::cli {

int RunAuthKeyCreate(const Command& self, Args args) {
  AuthState state;
  std::string tenant = "default", scope;
  std::optional<std::string> expires;
  OptionSet options;
  options.String("tenant", &tenant, "Whose key it is.", "TENANT");
  options.String("scope", &scope, "What it may do, with spaces between.", "SCOPE");
  options.MaybeString("expires", &expires, "How long it is good, as 30d, 12h or 1s. Without it, until it is revoked.",
                      "TIME");
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  issuer::ApiKey key{.tenant = tenant, .created = NowUnixSeconds()};
  if (Status status = CheckTenant(tenant); !status.ok()) return FailAuth(self, status);
  Result<std::string> checked = CheckScope(scope);
  if (!checked.ok()) return FailAuth(self, checked.error());
  key.scope = *std::move(checked);
  if (expires) {
    const Result<int64_t> seconds = issuer::ParseDurationSeconds(*expires);
    if (!seconds.ok()) return FailAuth(self, seconds.error().Wrap("--expires"));
    key.expires = key.created + *seconds;
  }
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Result<issuer::NewApiKey> made = issuer::MakeApiKey((*store)->server_key());
  if (!made.ok()) return Fail(self, made.error());
  key.id = made->id;
  key.mac = made->mac;
  const Status added = state.Administer("key.create", key.id, {{"key_tenant", tenant}, {"scope", key.scope}},
                                        [&] { return (*store)->AddApiKey(key); });
  if (!added.ok()) return Fail(self, added);
  json::Value answer;
  answer.Set("id", key.id);
  answer.Set("key", made->key);
  answer.Set("tenant", tenant);
  answer.Set("scope", key.scope);
  answer.Set("expires", TimeOrNull(key.expires));
  state.Print(answer);
  return 0;
}

int RunAuthKeyList(const Command& self, Args args) {
  AuthState state;
  OptionSet options;
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Result<std::vector<issuer::ApiKey>> keys = (*store)->ApiKeys();
  if (!keys.ok()) return Fail(self, keys.error());
  json::Array list;
  for (const issuer::ApiKey& key : *keys) {
    json::Value entry;
    entry.Set("id", key.id);
    entry.Set("tenant", key.tenant);
    entry.Set("scope", key.scope);
    entry.Set("created", TimeOrNull(key.created));
    entry.Set("expires", TimeOrNull(key.expires));
    entry.Set("revoked", TimeOrNull(key.revoked));
    list.push_back(std::move(entry));
  }
  state.PrintList(list, "no API keys; pano auth key create makes one");
  return 0;
}

int RunAuthKeyRevoke(const Command& self, Args args) {
  AuthState state;
  std::string option;
  OptionSet options;
  options.String("id", &option, "The id of the key, not the key itself.", "ID");
  state.Declare(options);
  Positionals names{"ID", "The key's id, in place of --id.", 0, 1, {}};
  if (auto code = state.Parse(self, options, args, &names)) return *code;
  const Result<std::string> id = TakeId(option, names);
  if (!id.ok()) return FailAuth(self, id.error());
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Status done = state.Administer("key.revoke", *id, {}, [&] { return (*store)->RevokeApiKey(*id, NowUnixSeconds()); });
  if (!done.ok()) return Fail(self, done, done.code() == StatusCode::kNotFound ? "see 'pano auth key list'" : "");
  json::Value answer;
  answer.Set("id", *id);
  answer.Set("revoked", true);
  state.Print(answer);
  return 0;
}

}  // namespace pano::cli
