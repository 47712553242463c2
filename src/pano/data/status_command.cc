// status, diff: what changed, as text or as DVC's JSON.

#include <cstdio>

#include "base/strings.h"
#include "data/version/sync/sync.h"
#include "pano/data/commands.h"
#include "pano/data/session.h"

namespace pano::data {
namespace {

void Print(const json::Value& value) { std::printf("%s\n", json::Dump(value, {.spaces = true}).c_str()); }

std::string Shown(const json::Value& entry) {
  if (entry.is_string()) return Printable(entry.as_string(), 1000);
  const json::Value* old_name = entry.Find("old");
  const json::Value* new_name = entry.Find("new");
  if (old_name != nullptr && new_name != nullptr) return StrCat(Shown(*old_name), " -> ", Shown(*new_name));
  const json::Value* path = entry.Find("path");
  return path != nullptr ? Shown(*path) : "";
}

void PrintLists(const json::Value& lists, const char* indent) {
  for (const auto& [kind, list] : lists.as_object()) {
    for (const json::Value& entry : list.as_array()) std::printf("%s%s: %s\n", indent, kind.c_str(), Shown(entry).c_str());
  }
}

void PrintStatus(const json::Value& status) {
  bool changed = false;
  for (const auto& [key, value] : status.as_object()) {
    if (key != "unchanged") changed = true;
    if (key == "committed") std::printf("changes since HEAD, in .dvc files:\n");
    if (key == "uncommitted") std::printf("changes in the workspace (`pano data add` or `commit` takes them, `checkout` undoes them):\n");
    if (key == "not_in_cache") std::printf("not in the cache (`pano data fetch` gets it):\n");
    if (key == "not_in_remote") std::printf("not in the remote (`pano data push` puts it there):\n");
    if (key == "unchanged") std::printf("unchanged:\n");
    if (value.is_object()) {
      PrintLists(value, "  ");
    } else {
      for (const json::Value& path : value.as_array()) std::printf("  %s\n", Shown(path).c_str());
    }
  }
  if (!changed) std::printf("nothing has changed\n");
}

Result<json::Value> Status_(const std::vector<std::string>& words, StatusOptions options, bool ask_remote) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open(/*with_index=*/false));
  if (ask_remote) {
    options.not_in_remote = [&session](const std::vector<Output>& outputs, bool granular) {
      return PathsNotInRemote(*session.workspace, outputs, granular);
    };
  }
  PANO_ASSIGN_OR_RETURN(options.targets, PathsFromRoot(*session.repository, words));
  return DataStatus(session.context(), options);
}

Result<json::Value> Diff_(const DiffOptions& options) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open(/*with_index=*/false));
  return Diff(session.context(), options);
}

}  // namespace

int RunStatus(const cli::Command& self, cli::Args args) {
  StatusOptions status;
  bool as_json = false, not_in_remote = false;
  OptionSet options;
  options.Flag("granular", &status.granular, "Show the files of tracked folders, too.")
      .Flag("unchanged", &status.unchanged, "Show what has not changed, too.")
      .Flag("not-in-remote", &not_in_remote, "Ask the remote what it does not have.")
      .Flag("json", &as_json, "Print the JSON of `dvc data status`.");
  cli::Positionals targets{"TARGET", "Data or paths inside it; without any, everything that is tracked.", 0, 1'000'000, {}};
  if (const auto code = cli::Parse(self, options, args, &targets)) return *code;
  const auto answer = Status_(targets.values, status, not_in_remote);
  if (!answer.ok()) return cli::Fail(self, answer.status());
  as_json ? Print(*answer) : PrintStatus(*answer);
  return 0;
}

int RunDiff(const cli::Command& self, cli::Args args) {
  DiffOptions diff;
  bool as_json = false;
  OptionSet options;
  options.Flag("show-hash", &diff.hashes, "Show the hashes, too.").Flag("json", &as_json, "Print the JSON of `dvc diff`.");
  cli::Positionals revisions{"REVISION", "The git revision to compare from (HEAD), and the one to compare with (the workspace).", 0, 2, {}};
  if (const auto code = cli::Parse(self, options, args, &revisions)) return *code;
  if (!revisions.values.empty()) diff.a = revisions.values[0];
  if (revisions.values.size() > 1) diff.b = revisions.values[1];
  const auto answer = Diff_(diff);
  if (!answer.ok()) return cli::Fail(self, answer.status());
  as_json ? Print(*answer) : PrintLists(*answer, "");
  return 0;
}

}  // namespace pano::data
