#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/closest_name.h"
#include "base/strings.h"
#include "pano/auth/auth_actions.h"
#include "pano/auth/auth_verify.h"
#include "pano/cli.h"

namespace pano::cli {
namespace {

// "auth client create" is two words behind "auth".
constexpr Command kActions[] = {
    {"auth init", "Make the state of the built-in issuer.", RunAuthInit},
    {"auth client create", "Make a client, an application that gets tokens.", RunAuthClientCreate},
    {"auth client list", "List the clients.", RunAuthClientList},
    {"auth client revoke", "End a client and its tokens.", RunAuthClientRevoke},
    {"auth key create", "Make an API key.", RunAuthKeyCreate},
    {"auth key list", "List the API keys.", RunAuthKeyList},
    {"auth key revoke", "End an API key.", RunAuthKeyRevoke},
    {"auth user create", "Make a user, who logs in by a password.", RunAuthUserCreate},
    {"auth user passwd", "Set the password of a user.", RunAuthUserPasswd},
    {"auth user list", "List the users.", RunAuthUserList},
    {"auth user revoke", "End a user and every login.", RunAuthUserRevoke},
    {"auth rotate", "Sign with a new key; the old one ends after a while.", RunAuthRotate},
    {"auth token", "Make a token for a client.", RunAuthToken},
    {"auth verify", "Check signatures of tokens by the keys of a file.", RunAuthVerify},
};
constexpr size_t kPrefixBytes = std::string_view("auth ").size();

std::string_view Words(const Command& action) { return action.name.substr(kPrefixBytes); }

void PrintHelp(std::FILE* to) {
  std::fputs("usage: pano auth <action> [options]      pano auth <action> --help\n\n", to);
  for (const Command& action : kActions) {
    std::fprintf(to, "  %-15.*s %.*s\n", static_cast<int>(Words(action).size()), Words(action).data(),
                 static_cast<int>(action.summary.size()), action.summary.data());
  }
  std::fputs("\n  --help          Print this text.\n", to);
}

}  // namespace

int RunAuth(const Command& self, Args args) {
  if (self.describer) {  // of each action
    for (Command action : kActions) {
      action.describer = self.describer;
      (void)action.run(action, {});
    }
    return 0;
  }
  if (args.empty()) {
    PrintHelp(stderr);
    return 2;
  }
  if (args[0] == "--help" || args[0] == "-h") {
    PrintHelp(stdout);
    return 0;
  }
  std::vector<std::string_view> names;
  for (const Command& action : kActions) {
    names.push_back(Words(action));
    const std::vector<std::string_view> words = Split(Words(action), ' ');
    if (args.size() < words.size() || !std::equal(words.begin(), words.end(), args.begin())) continue;
    return action.run(action, args.subspan(words.size()));
  }
  const bool two = args.size() > 1 && !args[1].starts_with("-");
  const std::string asked = two ? StrCat(args[0], " ", args[1]) : args[0];
  return FailUsage(self, StrCat("no action '", Printable(asked), "'", DidYouMean(asked, names)));
}

}  // namespace pano::cli
