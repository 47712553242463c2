#include "pano/auth/auth_state.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "app/audit/audit_log.h"
#include "app/auth/principal.h"
#include "app/auth/scope.h"
#include "base/clock.h"
#include "base/strings.h"

namespace pano::cli {
namespace {

// Who runs this command, for the audit log: "uid 1000 (ann)".
std::string LocalUser() {
  const uid_t uid = ::getuid();
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found) {
    return StrCat("uid ", uid, " (", found->pw_name, ")");
  }
  return StrCat("uid ", uid);
}

std::string Cell(const json::Value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return Printable(value.as_string(), 200);
  if (!value.is_array()) return json::Dump(value);
  std::string text;
  for (const json::Value& one : value.as_array()) text += StrCat(text.empty() ? "" : ",", Cell(one));
  return text.empty() ? "-" : text;
}

}  // namespace

void AuthState::Declare(OptionSet& options) {
  options.String("state", &folder_, "The folder of the issuer's state, which pano serve has as --auth-state.", "DIR");
  options.Flag("json", &json_, "Print the answer as JSON.");
  options.String("audit-log", &audit_log_,
                 "A file in which each change is written down, such as the server's. Without room for that line "
                 "nothing is changed.",
                 "FILE");
}

std::optional<int> AuthState::Parse(const Command& self, OptionSet& options, Args args, Positionals* positionals) {
  if (auto code = cli::Parse(self, options, args, positionals)) return code;
  if (folder_.empty()) return FailUsage(self, "--state DIR is needed");
  return std::nullopt;
}

Status AuthState::Administer(std::string_view action, std::string_view target,
                             std::vector<std::pair<std::string, std::string>> details,
                             const std::function<Status()>& act) const {
  if (audit_log_.empty()) return act();
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<audit::AuditLog> log, audit::AuditLog::Open(audit_log_));
  audit::Event event{.action = std::string(action), .outcome = "started", .actor = LocalUser(), .target = std::string(target),
                     .details = std::move(details)};
  PANO_RETURN_IF_ERROR(log->Record(event));
  const Status done = act();
  event.outcome = done.ok() ? "ok" : "failed";
  if (!done.ok()) event.details.emplace_back("error", done.message());
  if (Status told = log->Record(event); !told.ok()) {
    std::fprintf(stderr, "pano: %s\n", Printable(told.message(), 400).c_str());
  }
  return done;
}

void AuthState::Print(const json::Value& answer) const {
  if (json_) {
    std::printf("%s\n", json::Dump(answer).c_str());
    return;
  }
  size_t width = 0;
  for (const auto& [name, value] : answer.as_object()) width = std::max(width, name.size());
  for (const auto& [name, value] : answer.as_object()) {
    std::printf("%-*s  %s\n", static_cast<int>(width), name.c_str(), Cell(value).c_str());
  }
}

void AuthState::PrintToken(const json::Value& answer) const {
  if (json_) return Print(answer);
  std::printf("%s\n", answer.Find("access_token")->as_string().c_str());
}

void AuthState::PrintList(const json::Array& list, std::string_view nothing) const {
  if (json_) {
    std::printf("%s\n", json::Dump(json::Value(list)).c_str());
    return;
  }
  if (list.empty()) {
    std::printf("%s\n", std::string(nothing).c_str());
    return;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& [name, value] : list[0].as_object()) rows[0].push_back(name);
  for (const json::Value& entry : list) {
    rows.emplace_back();
    for (const auto& [name, value] : entry.as_object()) rows.back().push_back(Cell(value));
  }
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t column = 0; column < row.size(); ++column) {
      size_t width = 0;
      for (const std::vector<std::string>& other : rows) width = std::max(width, other[column].size());
      line += row[column];
      if (column + 1 < row.size()) line.append(width + 2 - row[column].size(), ' ');
    }
    std::printf("%s\n", line.c_str());
  }
}

int64_t NowUnixSeconds() { return Clock::Real().UnixSeconds(); }

Status CheckTenant(std::string_view tenant) {
  if (auth::IsTenantName(tenant)) return {};
  return InvalidArgument("--tenant is a name of 1 to 128 bytes without control characters");
}

Result<std::string> CheckScope(std::string_view scope) {
  if (Trim(scope).empty()) return InvalidArgument("--scope is needed: what it may do, as 'models:*:read models:*:predict'");
  PANO_ASSIGN_OR_RETURN(const auth::ScopeSet set, auth::ScopeSet::Parse(scope));
  return set.ToString();
}

Result<std::string> TakeId(const std::string& option, const Positionals& positionals) {
  const std::string& id = positionals.values.empty() ? option : positionals.values[0];
  if (id.empty()) return InvalidArgument("--id is needed");
  if (!option.empty() && !positionals.values.empty() && option != id) return InvalidArgument("there are two ids");
  return id;
}

json::Value TimeOrNull(int64_t unix_seconds) {
  return unix_seconds == 0 ? json::Value() : json::Value(audit::FormatTime(unix_seconds));
}

int FailAuth(const Command& self, const Status& status) {
  return status.code() == StatusCode::kInvalidArgument ? FailUsage(self, status.message()) : Fail(self, status);
}

}  // namespace pano::cli
