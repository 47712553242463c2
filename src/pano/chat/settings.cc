#include "pano/chat/settings.h"

#include <algorithm>

#include "base/strings.h"
#include "pano/chat/nearest_word.h"

namespace pano::chat {
namespace {

std::string ValueText(const SettingValues& values, std::string_view name) {
  if (name == "thinking") return values.thinking;
  if (name == "trim") return values.trim;
  if (name == "stats") return values.stats;
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  for (const auto& [given, value] : values.sampling.ToJson()) {
    if (given != key) continue;
    return value.is_double() ? StrCat(value.as_double()) : json::Dump(value, {.spaces = true});
  }
  return name.ends_with("-penalty") && name != "repetition-penalty" ? "0" : "default";
}

}  // namespace

void SettingValues::Declare(OptionSet& options) {
  sampling.Declare(options);
  options.Choice("thinking", &thinking, {"fold", "show", "hide"},
                 "What a model thinks before it answers: folded into a line, shown, or hidden.");
  options.Choice("trim", &trim, {"off", "on"},
                 "Where the context is full: on drops the oldest turns, off asks what to do.");
  options.Choice("stats", &stats, {"off", "on"}, "Say tokens and speed after each answer.");
}

ShowThinking SettingValues::show_thinking() const {
  if (thinking == "show") return ShowThinking::kShow;
  return thinking == "hide" ? ShowThinking::kHide : ShowThinking::kFold;
}

Status Settings::Restore(const Changes& changes) {
  SettingValues values = initial_;
  OptionSet options;
  values.Declare(options);
  for (const auto& [name, value] : changes) {
    if (!options.Find(name)) {
      std::vector<std::string_view> names;
      for (const OptionSpec& spec : options.specs()) names.push_back(spec.name);
      const std::string_view meant = NearestWord(name, names);
      return InvalidArgument(StrCat("no setting '", Printable(name), "'",
                                    meant.empty() ? std::string("; /set lists them")
                                                  : StrCat("; did you mean ", meant, "?")));
    }
    if (Status status = options.Set(name, value); !status.ok()) {
      std::string_view message = status.message();
      if (message.starts_with("--")) message.remove_prefix(2);
      return InvalidArgument(std::string(message));
    }
  }
  changes_ = changes;
  now_ = std::move(values);
  return {};
}

Status Settings::Change(std::string_view name, std::string_view value) {
  Changes changes = changes_;
  const bool repeated = name == "stop";
  if (!repeated || value == "default") {
    std::erase_if(changes, [&](const auto& change) { return change.first == name; });
  }
  constexpr size_t kStopsMax = 64;
  if (changes.size() > kStopsMax) {
    return Status(StatusCode::kExhausted, "too many changes; /set stop default forgets stop strings");
  }
  if (value != "default") {
    changes.emplace_back(name, value);
    return Restore(changes);
  }
  // Whether there is such a setting is said all the same.
  SettingValues unused;
  OptionSet options;
  unused.Declare(options);
  if (!options.Find(name)) return Restore({{std::string(name), ""}});
  return Restore(changes);
}

std::string Settings::Describe(std::string_view name) const {
  return StrCat(name, " = ", ValueText(now_, name));
}

std::string Settings::Describe() const {
  SettingValues values = now_;
  OptionSet options;
  values.Declare(options);
  std::string out;
  for (const OptionSpec& spec : options.specs()) {
    std::string start = StrCat("  ", Describe(spec.name), "  ");
    constexpr size_t kColumn = 34;
    if (start.size() < kColumn) start.resize(kColumn, ' ');
    out += StrCat(out.empty() ? "" : "\n", start, spec.help);
  }
  return out;
}

}  // namespace pano::chat
