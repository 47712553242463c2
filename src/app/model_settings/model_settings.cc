#include "app/model_settings/model_settings.h"

#include <algorithm>
#include <utility>

#include "app/models/model_host.h"
#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace pano::model_settings {
namespace {

using yaml::Bool;
using yaml::CheckKeys;
using yaml::Integer;
using yaml::Join;
using yaml::Number;
using yaml::Text;
using yaml::Wrong;

Result<std::string> Version(const YAML::Node& node, std::string_view place) {
  PANO_ASSIGN_OR_RETURN(const int64_t number, Integer(node, place, 0, 999'999'999'999'999'999));
  const std::string text = node.as<std::string>();
  if (text != StrCat(number)) return Wrong(node, place, "expected a version's number as its folder has it");
  return text;
}

// As a segment of a model's id, and no number: "id@3" is a version.
bool IsLabel(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_allowed = [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && text != "." && text != ".." &&
         std::ranges::all_of(text, is_allowed) && !std::ranges::all_of(text, is_digit);
}

// labels: {stable: 1, canary: {version: 2, weight: 10}}
Status ReadLabels(const YAML::Node& node, ModelSettings& settings) {
  if (!node.IsMap()) return Wrong(node, "labels", "expected a mapping");
  PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> entries,
                        yaml::Entries(node, "labels", ModelSettings::kLabelsMax));
  std::vector<Label> labels;
  int64_t percent = 0;
  for (const auto& [key, entry] : entries) {
    const std::string place = Join("labels", key);
    if (!IsLabel(key)) return Wrong(entry, place, "a label is A-Z a-z 0-9 . _ - and no number");
    Label label{.name = key, .version = {}};
    if (entry.IsMap()) {
      PANO_RETURN_IF_ERROR(CheckKeys(entry, place, {"version", "weight"}));
      if (!entry["version"]) return Wrong(entry, Join(place, "version"), "is missing");
      PANO_ASSIGN_OR_RETURN(label.version, Version(entry["version"], Join(place, "version")));
      if (entry["weight"]) {
        PANO_ASSIGN_OR_RETURN(const int64_t weight,
                              Integer(entry["weight"], Join(place, "weight"), 0, 100));
        label.weight = static_cast<int>(weight);
      }
    } else {
      PANO_ASSIGN_OR_RETURN(label.version, Version(entry, place));
    }
    percent += label.weight;
    labels.push_back(std::move(label));
  }
  if (percent > 100) return Wrong(node, "labels", StrCat("the weights are ", percent, " percent together"));
  settings.labels = std::move(labels);
  return {};
}

// version_policy: {latest: {num_versions: 2}} | {all: {}} | {specific: {versions: [1, 3]}}
Status ReadVersionPolicy(const YAML::Node& node, VersionPolicy& policy) {
  const std::string_view place = "version_policy";
  PANO_RETURN_IF_ERROR(CheckKeys(node, place, {"latest", "all", "specific"}));
  if (node.size() != 1) return Wrong(node, place, "expected one of latest, all, specific");
  if (const YAML::Node latest = node["latest"]) {
    PANO_RETURN_IF_ERROR(CheckKeys(latest, Join(place, "latest"), {"num_versions"}));
    if (!latest["num_versions"]) return {};
    PANO_ASSIGN_OR_RETURN(policy.num_versions, Integer(latest["num_versions"],
                                                       Join(place, "latest.num_versions"), 1, 256));
  } else if (const YAML::Node all = node["all"]) {
    policy.kind = VersionPolicy::Kind::kAll;
    return CheckKeys(all, Join(place, "all"), {});
  } else {
    policy.kind = VersionPolicy::Kind::kSpecific;
    const YAML::Node specific = node["specific"];
    PANO_RETURN_IF_ERROR(CheckKeys(specific, Join(place, "specific"), {"versions"}));
    const YAML::Node list = specific["versions"];
    const std::string at = Join(place, "specific.versions");
    if (!list || !list.IsSequence() || list.size() == 0 || list.size() > 256) {
      return Wrong(specific, at, "expected 1 to 256 versions");
    }
    for (size_t i = 0; i < list.size(); ++i) {
      PANO_ASSIGN_OR_RETURN(std::string version, Version(list[i], StrCat(at, "[", i, "]")));
      policy.versions.push_back(std::move(version));
    }
  }
  return {};
}

constexpr int64_t kMicrosecondsMax = 3'600'000'000;  // an hour

Status ReadQueuePolicy(const YAML::Node& node, const std::string& place, batch::QueuePolicy& policy) {
  PANO_RETURN_IF_ERROR(CheckKeys(node, place, {"timeout_action", "default_timeout_microseconds",
                                               "allow_timeout_override", "max_queue_size"}));
  if (const YAML::Node action = node["timeout_action"]) {
    PANO_ASSIGN_OR_RETURN(const std::string name, Text(action, Join(place, "timeout_action")));
    if (name == "DELAY") {
      policy.timeout_action = batch::QueuePolicy::TimeoutAction::kDelay;
    } else if (name != "REJECT") {
      return Wrong(action, Join(place, "timeout_action"), "expected REJECT or DELAY");
    }
  }
  if (const YAML::Node timeout = node["default_timeout_microseconds"]) {
    PANO_ASSIGN_OR_RETURN(const int64_t us, Integer(timeout, Join(place, "default_timeout_microseconds"),
                                                    0, kMicrosecondsMax));
    policy.default_timeout = std::chrono::microseconds(us);
  }
  if (const YAML::Node allow = node["allow_timeout_override"]) {
    PANO_ASSIGN_OR_RETURN(policy.allow_timeout_override,
                          Bool(allow, Join(place, "allow_timeout_override")));
  }
  if (const YAML::Node size = node["max_queue_size"]) {
    PANO_ASSIGN_OR_RETURN(policy.max_queue_size,
                          Integer(size, Join(place, "max_queue_size"), 0, 1'000'000));
  }
  return {};
}

Status ReadPreferred(const YAML::Node& node, const std::string& place, int64_t most,
                     std::vector<int64_t>& sizes) {
  if (!node.IsSequence() || node.size() == 0 || node.size() > 64) {
    return Wrong(node, place, "expected a list of 1 to 64 sizes");
  }
  for (size_t i = 0; i < node.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(const int64_t size, Integer(node[i], StrCat(place, "[", i, "]"), 1, most));
    sizes.push_back(size);
  }
  std::ranges::sort(sizes);
  return {};
}

Status ReadPriorities(const YAML::Node& node, const std::string& place, batch::Batching& batching) {
  if (const YAML::Node levels = node["priority_levels"]) {
    PANO_ASSIGN_OR_RETURN(batching.priority_levels,
                          Integer(levels, Join(place, "priority_levels"), 0,
                                  batch::Batching::kPriorityLevelsMax));
  }
  const std::string at = Join(place, "default_priority_level");
  if (const YAML::Node level = node["default_priority_level"]) {
    if (batching.priority_levels == 0) return Wrong(level, at, "there are no priority_levels");
    PANO_ASSIGN_OR_RETURN(batching.default_priority_level,
                          Integer(level, at, 1, batching.priority_levels));
  } else if (batching.priority_levels > 0) {
    return Wrong(node, at, "is missing, as priority_levels are given");
  }
  const YAML::Node policies = node["priority_queue_policy"];
  if (!policies) return {};
  const std::string in = Join(place, "priority_queue_policy");
  PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> entries,
                        yaml::Entries(policies, in, static_cast<size_t>(batch::Batching::kPriorityLevelsMax)));
  for (const auto& [key, policy] : entries) {
    std::optional<int64_t> level = ParseInt(key);
    if (!level || *level < 1 || *level > batching.priority_levels || key != StrCat(*level)) {
      return Wrong(policy, Join(in, key), StrCat("expected a level from 1 to ", batching.priority_levels));
    }
    PANO_RETURN_IF_ERROR(
        ReadQueuePolicy(policy, Join(in, key), batching.priority_queue_policy[*level]));
  }
  return {};
}

Status ReadDynamicBatching(const YAML::Node& node, BatchingChoice& choice) {
  const std::string place = "dynamic_batching";
  PANO_RETURN_IF_ERROR(CheckKeys(
      node, place,
      {"max_batch_size", "max_queue_delay_microseconds", "preferred_batch_size", "priority_levels",
       "default_priority_level", "default_queue_policy", "priority_queue_policy"}));
  constexpr int64_t kRowsMax = 1024;
  if (const YAML::Node size = node["max_batch_size"]) {
    PANO_ASSIGN_OR_RETURN(choice.max_batch_size, Integer(size, Join(place, "max_batch_size"), 1, kRowsMax));
  }
  // As Triton has it: dynamic batching without a delay waits for nothing.
  int64_t delay = 0;
  if (const YAML::Node us = node["max_queue_delay_microseconds"]) {
    PANO_ASSIGN_OR_RETURN(delay, Integer(us, Join(place, "max_queue_delay_microseconds"), 0, 10'000'000));
  }
  choice.max_queue_delay = std::chrono::microseconds(delay);
  if (const YAML::Node sizes = node["preferred_batch_size"]) {
    PANO_RETURN_IF_ERROR(ReadPreferred(sizes, Join(place, "preferred_batch_size"),
                                       choice.max_batch_size.value_or(kRowsMax),
                                       choice.rest.preferred_batch_size));
  }
  PANO_RETURN_IF_ERROR(ReadPriorities(node, place, choice.rest));
  if (const YAML::Node policy = node["default_queue_policy"]) {
    return ReadQueuePolicy(policy, Join(place, "default_queue_policy"), choice.rest.default_queue_policy);
  }
  return {};
}

// The same ranges as a request's own (app/api/fields.cc).
Status ReadDefaults(const YAML::Node& node, models::GenerationSettings& defaults) {
  struct NumberField {
    std::string_view name;
    std::optional<double>& value;
    double least, most;
  };
  const NumberField numbers[] = {
      {"temperature", defaults.temperature, 0, 2},
      {"top_p", defaults.top_p, 0, 1},
      {"min_p", defaults.min_p, 0, 1},
      {"typical_p", defaults.typical_p, 0, 1},
      {"repetition_penalty", defaults.repetition_penalty, 0.01, 10},
      {"frequency_penalty", defaults.frequency_penalty, -2, 2},
      {"presence_penalty", defaults.presence_penalty, -2, 2},
  };
  PANO_RETURN_IF_ERROR(CheckKeys(node, "defaults",
                                 {"temperature", "top_p", "min_p", "typical_p", "repetition_penalty",
                                  "frequency_penalty", "presence_penalty", "top_k", "max_tokens"}));
  for (const NumberField& field : numbers) {
    const YAML::Node value = node[std::string(field.name)];
    if (!value) continue;
    PANO_ASSIGN_OR_RETURN(field.value, Number(value, Join("defaults", field.name), field.least, field.most));
  }
  if (const YAML::Node top_k = node["top_k"]) {
    PANO_ASSIGN_OR_RETURN(const int64_t k, Integer(top_k, "defaults.top_k", -1, INT32_MAX));
    defaults.top_k = std::max<int64_t>(k, 0);
  }
  if (const YAML::Node tokens = node["max_tokens"]) {
    PANO_ASSIGN_OR_RETURN(defaults.max_tokens, Integer(tokens, "defaults.max_tokens", 1, 1 << 24));
  }
  return {};
}

// adapters: {support: adapters/support, legal: /srv/adapters/legal}
Status ReadAdapters(const YAML::Node& node, std::vector<models::AdapterSource>& adapters) {
  const std::string_view place = "adapters";
  if (!node.IsMap()) return Wrong(node, place, "expected a mapping of ids to folders");
  PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> entries,
                        yaml::Entries(node, place, ModelSettings::kAdaptersMax));
  for (const auto& [key, entry] : entries) {
    const std::string at = Join(place, key);
    if (!models::IsModelId(key)) {
      return Wrong(entry, at, "an id is A-Z a-z 0-9 . _ - in one to three parts joined by '/'");
    }
    PANO_ASSIGN_OR_RETURN(std::string path, Text(entry, at));
    if (path.empty()) return Wrong(entry, at, "expected the adapter's folder");
    adapters.push_back({key, std::move(path)});
  }
  return {};
}

Status ReadBatchingMode(const YAML::Node& root, BatchingChoice& choice) {
  const YAML::Node mode = root["batching"];
  if (!mode) return {};
  PANO_ASSIGN_OR_RETURN(const std::string name, Text(mode, "batching"));
  choice.sync = name == "sync";
  if (name != "sync" && name != "async") return Wrong(mode, "batching", "expected sync or async");
  if (choice.sync && root["dynamic_batching"]) {
    return Wrong(root["dynamic_batching"], "dynamic_batching", "stands beside batching: sync, which waits for no batch");
  }
  return {};
}

Result<ModelSettings> ReadRoot(const YAML::Node& root) {
  ModelSettings settings;
  if (root.IsNull()) return settings;
  PANO_RETURN_IF_ERROR(CheckKeys(
      root, "", {"labels", "version_policy", "batching", "dynamic_batching", "defaults", "adapters"}));
  if (const YAML::Node adapters = root["adapters"]) {
    PANO_RETURN_IF_ERROR(ReadAdapters(adapters, settings.adapters));
  }
  if (const YAML::Node labels = root["labels"]) PANO_RETURN_IF_ERROR(ReadLabels(labels, settings));
  if (const YAML::Node policy = root["version_policy"]) {
    PANO_RETURN_IF_ERROR(ReadVersionPolicy(policy, settings.version_policy));
  }
  PANO_RETURN_IF_ERROR(ReadBatchingMode(root, settings.batching));
  if (const YAML::Node batching = root["dynamic_batching"]) {
    PANO_RETURN_IF_ERROR(ReadDynamicBatching(batching, settings.batching));
  }
  if (const YAML::Node defaults = root["defaults"]) {
    PANO_RETURN_IF_ERROR(ReadDefaults(defaults, settings.defaults));
  }
  return settings;
}

}  // namespace

const Label* ModelSettings::FindLabel(std::string_view name) const {
  const auto it = std::ranges::find(labels, name, &Label::name);
  return it == labels.end() ? nullptr : &*it;
}

batch::Batching BatchingChoice::Over(const batch::Batching& server) const {
  batch::Batching all = rest;
  all.max_batch_size = max_batch_size.value_or(server.max_batch_size);
  all.tokens_max = server.tokens_max;
  all.max_queue_delay = sync ? Duration::zero() : max_queue_delay.value_or(server.max_queue_delay);
  return all;
}

Result<ModelSettings> ParseModelSettings(std::string_view text) {
  ModelSettings settings;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text, {}, [&](const YAML::Node& root) -> Status {
    PANO_ASSIGN_OR_RETURN(settings, ReadRoot(root));
    return {};
  }));
  return settings;
}

}  // namespace pano::model_settings
