// pano auth user create|passwd|list|revoke.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "app/auth/issuer/password_hash.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "pano/auth/auth_actions.h"
#include "pano/auth/auth_state.h"

namespace pano::cli {
namespace {

constexpr size_t kShortPassword = 8;

// The first line of stdin: never of the command line, which others can see.
Result<std::string> ReadPassword(const Command& self, bool from_stdin) {
  if (!from_stdin) {
    return InvalidArgument("--password-stdin is needed: the password is the first line of stdin, so that nobody sees "
                           "it in a list of processes");
  }
  std::string line;
  char c = 0;
  while (line.size() <= issuer::kPasswordBytesMax && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') line += c;
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return InvalidArgument("stdin has no password");
  if (line.size() > issuer::kPasswordBytesMax) {
    return InvalidArgument(StrCat("a password has at most ", issuer::kPasswordBytesMax, " bytes"));
  }
  if (!Utf8Valid(line)) return InvalidArgument("the password is no UTF-8: no browser can send it");
  if (line.size() < kShortPassword) {
    std::fprintf(stderr, "pano %s: the password has less than %zu characters: it can be guessed\n",
                 std::string(self.name).c_str(), kShortPassword);
  }
  return line;
}

}  // namespace

int RunAuthUserCreate(const Command& self, Args args) {
  AuthState state;
  std::string id, tenant = "default", scope;
  bool password_stdin = false;
  OptionSet options;
  options.String("id", &id, "The name to log in by.", "ID");
  options.String("tenant", &tenant, "Whose user it is.", "TENANT");
  options.String("scope", &scope, "What the user may do, with spaces between.", "SCOPE");
  options.Flag("password-stdin", &password_stdin, "The password is the first line of stdin.");
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  if (Status status = issuer::CheckId("user", id).Wrap("--id"); !status.ok()) return FailAuth(self, status);
  if (Status status = CheckTenant(tenant); !status.ok()) return FailAuth(self, status);
  const Result<std::string> checked = CheckScope(scope);
  if (!checked.ok()) return FailAuth(self, checked.error());
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Result<std::string> password = ReadPassword(self, password_stdin);
  if (!password.ok()) return FailAuth(self, password.error());
  const Result<std::string> hash = issuer::HashPassword(*password);
  if (!hash.ok()) return Fail(self, hash.error());
  const issuer::User user{.id = id, .tenant = tenant, .scope = *checked, .password_hash = *hash, .created = NowUnixSeconds()};
  const Status added = state.Administer("user.create", id, {{"user_tenant", tenant}, {"scope", *checked}},
                                        [&] { return (*store)->AddUser(user); });
  if (!added.ok()) return Fail(self, added);
  json::Value answer;
  answer.Set("id", id);
  answer.Set("tenant", tenant);
  answer.Set("scope", *checked);
  state.Print(answer);
  return 0;
}

int RunAuthUserPasswd(const Command& self, Args args) {
  AuthState state;
  std::string option;
  bool password_stdin = false;
  OptionSet options;
  options.String("id", &option, "The user whose password is set. Every login ends with that.", "ID");
  options.Flag("password-stdin", &password_stdin, "The password is the first line of stdin.");
  state.Declare(options);
  Positionals names{"ID", "The user, in place of --id.", 0, 1, {}};
  if (auto code = state.Parse(self, options, args, &names)) return *code;
  const Result<std::string> id = TakeId(option, names);
  if (!id.ok()) return FailAuth(self, id.error());
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Result<std::string> password = ReadPassword(self, password_stdin);
  if (!password.ok()) return FailAuth(self, password.error());
  const Result<std::string> hash = issuer::HashPassword(*password);
  if (!hash.ok()) return Fail(self, hash.error());
  const Status done =
      state.Administer("user.passwd", *id, {}, [&] { return (*store)->SetPassword(*id, *hash, NowUnixSeconds()); });
  if (!done.ok()) return Fail(self, done, done.code() == StatusCode::kNotFound ? "see 'pano auth user list'" : "");
  json::Value answer;
  answer.Set("id", *id);
  state.Print(answer);
  return 0;
}

int RunAuthUserList(const Command& self, Args args) {
  AuthState state;
  OptionSet options;
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Result<std::vector<issuer::User>> users = (*store)->Users();
  if (!users.ok()) return Fail(self, users.error());
  json::Array list;
  for (const issuer::User& user : *users) {
    json::Value entry;
    entry.Set("id", user.id);
    entry.Set("tenant", user.tenant);
    entry.Set("scope", user.scope);
    entry.Set("created", TimeOrNull(user.created));
    entry.Set("revoked", TimeOrNull(user.revoked));
    list.push_back(std::move(entry));
  }
  state.PrintList(list, "no users; pano auth user create makes one");
  return 0;
}

int RunAuthUserRevoke(const Command& self, Args args) {
  AuthState state;
  std::string option;
  OptionSet options;
  options.String("id", &option, "The user who can log in no more. Every login ends with that.", "ID");
  state.Declare(options);
  Positionals names{"ID", "The user, in place of --id.", 0, 1, {}};
  if (auto code = state.Parse(self, options, args, &names)) return *code;
  const Result<std::string> id = TakeId(option, names);
  if (!id.ok()) return FailAuth(self, id.error());
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Status done = state.Administer("user.revoke", *id, {}, [&] { return (*store)->RevokeUser(*id, NowUnixSeconds()); });
  if (!done.ok()) return Fail(self, done, done.code() == StatusCode::kNotFound ? "see 'pano auth user list'" : "");
  json::Value answer;
  answer.Set("id", *id);
  answer.Set("revoked", true);
  state.Print(answer);
  return 0;
}

}  // namespace pano::cli
