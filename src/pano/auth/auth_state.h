#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/auth/issuer/auth_store.h"
#include "base/json.h"
#include "base/options.h"
#include "base/result.h"
#include "pano/command_line/command.h"

namespace pano::cli {

// What all actions on a state have in common: which one, how the answer is printed, who is told. Confined to one
// thread.
class AuthState {
 public:
  void Declare(OptionSet& options);
  // Parses, and says where --state is missing; the exit code where the command ends.
  std::optional<int> Parse(const Command& self, OptionSet& options, Args args, Positionals* positionals = nullptr);

  const std::string& folder() const { return folder_; }
  Result<std::unique_ptr<issuer::AuthStore>> Open() const { return issuer::AuthStore::Open(folder_); }

  // Does `act`, with a line in the audit log before, without which it does not happen, and one of how it ended.
  Status Administer(std::string_view action, std::string_view target,
                    std::vector<std::pair<std::string, std::string>> details, const std::function<Status()>& act) const;

  // The answer as JSON in one line, or its members as "name  value" lines.
  void Print(const json::Value& answer) const;
  // The same, but without --json the token alone: TOKEN=$(pano auth token ...).
  void PrintToken(const json::Value& answer) const;
  // A list of objects, as a JSON array or as a table.
  void PrintList(const json::Array& list, std::string_view nothing) const;

 private:
  std::string folder_, audit_log_;
  bool json_ = false;
};

int64_t NowUnixSeconds();
// Tenant and scope as they are stored: InvalidArgument with the option that is wrong.
Status CheckTenant(std::string_view tenant);
Result<std::string> CheckScope(std::string_view scope);
// The one id of an action such as `client revoke`: --id, or the word behind the action.
Result<std::string> TakeId(const std::string& option, const Positionals& positionals);
// "never", "2026-01-31T23:59:59Z".
json::Value TimeOrNull(int64_t unix_seconds);

// Fails with 1, or with 2 for what the command line lacks.
int FailAuth(const Command& self, const Status& status);

}  // namespace pano::cli
