#include <cstdio>

#include "app/hub/cache_care.h"
#include "app/hub/hub_settings.h"
#include "base/strings.h"
#include "pano/cli.h"
#include "pano/command_line/interrupt.h"
#include "pano/models_report.h"
#include "pano/progress.h"
#include "pano/pull_progress.h"

namespace pano::cli {
namespace {

void PrintJson(const json::Value& value) {
  json::DumpOptions pretty;
  pretty.indent = 2;
  std::printf("%s\n", json::Dump(value, pretty).c_str());
}

Result<hub::CachedRepo> FindRepo(const std::string& text, const hub::HubSettings& settings) {
  PANO_ASSIGN_OR_RETURN(const hub::ModelName name, hub::ParseModelName(text));
  return hub::ScanRepo(settings.cache_folder, name.repo);
}

int RunList(const Command& self, Args args) {
  bool json = false;
  OptionSet options;
  options.Flag("json", &json, "Print the list as JSON.");
  if (auto code = Parse(self, options, args)) return *code;
  const Result<hub::HubSettings> settings = hub::HubSettingsFromEnvironment();
  if (!settings.ok()) return Fail(self, settings.error());
  const Result<std::vector<hub::CachedRepo>> repos = hub::ScanCache(settings->cache_folder);
  if (!repos.ok()) return Fail(self, repos.error().Wrap(settings->cache_folder));
  const json::Value models = ListModels(*repos, hub::FindCacheUsers(settings->cache_folder));
  if (!json) {
    std::fputs(FormatList(models).c_str(), stdout);
    return 0;
  }
  json::Value out;
  out.Set("cache", settings->cache_folder);
  uint64_t bytes = 0, incomplete = 0;
  for (const hub::CachedRepo& repo : *repos) {
    bytes += repo.bytes;
    incomplete += repo.incomplete_bytes;
  }
  out.Set("bytes", bytes);
  out.Set("incomplete_bytes", incomplete);
  out.Set("models", models);
  PrintJson(out);
  return 0;
}

int RunShow(const Command& self, Args args) {
  bool json = false;
  OptionSet options;
  options.Flag("json", &json, "Print what is known as JSON.");
  Positionals names{"NAME", "hf:ORG/NAME.", 1, 1, {}};
  if (auto code = Parse(self, options, args, &names)) return *code;
  const Result<hub::HubSettings> settings = hub::HubSettingsFromEnvironment();
  if (!settings.ok()) return Fail(self, settings.error());
  const Result<hub::CachedRepo> repo = FindRepo(names.values[0], *settings);
  if (!repo.ok()) return Fail(self, repo.error(), "see 'pano models list'");
  const json::Value value = ShowRepo(*repo, hub::FindCacheUsers(repo->folder));
  if (json) PrintJson(value);
  else std::fputs(FormatRepo(value).c_str(), stdout);
  return 0;
}

int RunRemove(const Command& self, Args args) {
  bool json = false, force = false;
  OptionSet options;
  options.Flag("force", &force, "Remove it although a running process uses it.");
  options.Flag("json", &json, "Print what was removed as JSON.");
  Positionals names{"NAME", "hf:ORG/NAME for all of a repository, with @REVISION or :FILE-or-TYPE for a "
                            "part of it.", 1, 100, {}};
  if (auto code = Parse(self, options, args, &names)) return *code;
  const Result<hub::HubSettings> settings = hub::HubSettingsFromEnvironment();
  if (!settings.ok()) return Fail(self, settings.error());
  json::Array out;
  for (const std::string& text : names.values) {
    const Result<hub::ModelName> name = hub::ParseModelName(text);
    if (!name.ok()) return Fail(self, name.error());
    const Result<hub::CachedRepo> repo = FindRepo(text, *settings);
    if (!repo.ok()) return Fail(self, repo.error(), "see 'pano models list'");
    const std::vector<hub::CacheUser> users = hub::FindCacheUsers(repo->folder);
    if (!users.empty() && !force) {
      return Fail(self,
                  Status(StatusCode::kUnavailable,
                         StrCat(text, ": is used by ", users[0].command, " (process ", users[0].pid, ")")),
                  "--force removes it all the same");
    }
    const Result<hub::Removed> removed = hub::RemoveModel(*name, *settings);
    if (!removed.ok()) return Fail(self, removed.error());
    if (!json) std::printf("removed %s, %s\n", text.c_str(), ShownBytes(removed->bytes).c_str());
    json::Value value;
    value.Set("name", text);
    value.Set("bytes", removed->bytes);
    out.push_back(std::move(value));
  }
  if (json) PrintJson(json::Value(std::move(out)));
  return 0;
}

json::Value DamageJson(const hub::Damage& damage) {
  json::Value value;
  value.Set("name", StrCat("hf:", damage.repo));
  value.Set("commit", damage.commit);
  value.Set("path", damage.path);
  value.Set("what", damage.what);
  return value;
}

int RunVerify(const Command& self, Args args) {
  bool json = false;
  OptionSet options;
  options.Flag("json", &json, "Print the result as JSON.");
  Positionals names{"NAME", "hf:ORG/NAME; without one, everything in the cache.", 0, 100, {}};
  if (auto code = Parse(self, options, args, &names)) return *code;
  const Result<hub::HubSettings> settings = hub::HubSettingsFromEnvironment();
  if (!settings.ok()) return Fail(self, settings.error());
  std::vector<hub::CachedRepo> repos;
  if (names.values.empty()) {
    Result<std::vector<hub::CachedRepo>> all = hub::ScanCache(settings->cache_folder);
    if (!all.ok()) return Fail(self, all.error().Wrap(settings->cache_folder));
    repos = std::move(*all);
  }
  for (const std::string& text : names.values) {
    Result<hub::CachedRepo> repo = FindRepo(text, *settings);
    if (!repo.ok()) return Fail(self, repo.error(), "see 'pano models list'");
    repos.push_back(std::move(*repo));
  }
  uint64_t total = 0;
  for (const hub::CachedRepo& repo : repos) total += repo.bytes;
  const StopOnSignal interrupt;
  hub::Verified sum;
  {
    Progress line("verifying");
    for (const hub::CachedRepo& repo : repos) {
      Result<hub::Verified> one = hub::VerifyRepo(
          repo,
          [&](uint64_t bytes) {
            line.Update(static_cast<double>(sum.bytes + bytes) / static_cast<double>(std::max<uint64_t>(total, 1)));
          },
          interrupt.token());
      if (!one.ok()) return Fail(self, one.error());
      sum.files += one->files;
      sum.bytes += one->bytes;
      sum.unchecked += one->unchecked;
      sum.damages.insert(sum.damages.end(), one->damages.begin(), one->damages.end());
    }
  }
  if (json) {
    json::Value out;
    out.Set("contents", sum.files);
    out.Set("bytes", sum.bytes);
    out.Set("unchecked", sum.unchecked);
    json::Array damages;
    for (const hub::Damage& damage : sum.damages) damages.push_back(DamageJson(damage));
    out.Set("damages", std::move(damages));
    PrintJson(out);
  } else {
    for (const hub::Damage& damage : sum.damages) {
      std::printf("hf:%s %s: %s\n", damage.repo.c_str(), Printable(damage.path, 200).c_str(), damage.what.c_str());
    }
    std::printf("%llu contents, %s, %zu damaged\n", static_cast<unsigned long long>(sum.files),
                ShownBytes(sum.bytes).c_str(), sum.damages.size());
  }
  if (sum.damages.empty()) return 0;
  return Fail(self, Corruption(StrCat(sum.damages.size(), " files are damaged")),
              "pano models rm and pano pull bring them anew");
}

constexpr Command kActions[] = {
    {"models list", "List the models in the cache, with sizes and who uses them.", RunList},
    {"models show", "Show a repository's revisions and files.", RunShow},
    {"models rm", "Remove a model from the cache.", RunRemove},
    {"models verify", "Compare what is in the cache with its hashes.", RunVerify},
};

void PrintHelp(std::FILE* to) {
  std::fputs("usage: pano models <action> [options]      pano models <action> --help\n\n", to);
  for (const Command& action : kActions) {
    std::fprintf(to, "  %-14.*s %.*s\n", static_cast<int>(action.name.size() - 7), action.name.data() + 7,
                 static_cast<int>(action.summary.size()), action.summary.data());
  }
  std::fputs("\n  --help         Print this text.\n", to);
}

}  // namespace

int RunModels(const Command& self, Args args) {
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
  for (const Command& action : kActions) {
    if (action.name.substr(7) == args[0]) return action.run(action, args.subspan(1));
  }
  return FailUsage(self, StrCat("no action '", Printable(args[0]), "'"));
}

}  // namespace pano::cli
