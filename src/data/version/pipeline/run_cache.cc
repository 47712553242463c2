#include "data/version/pipeline/run_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "base/digest/digest.h"
#include "base/strings.h"
#include "data/version/pipeline/yaml_dump.h"
#include "data/version/pipeline/yaml_value.h"

namespace pano::pipeline {
namespace {

constexpr size_t kEntryBytesMax = 16u << 20;

std::string Sha256(std::string_view text) { return HexDigest(Digest::kSha256, text); }

void AppendSorted(std::string* out, const json::Value& value) {
  if (value.is_object()) {
    std::vector<const std::pair<std::string, json::Value>*> members;
    for (const auto& member : value.as_object()) members.push_back(&member);
    // By code point, which is the order of UTF-8's bytes.
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    *out += '{';
    bool first = true;
    for (const auto* member : members) {
      if (!first) *out += ", ";
      first = false;
      json::AppendQuoted(*out, member->first, /*ascii=*/true);
      *out += ": ";
      AppendSorted(out, member->second);
    }
    *out += '}';
  } else if (value.is_array()) {
    *out += '[';
    bool first = true;
    for (const json::Value& entry : value.as_array()) {
      if (!first) *out += ", ";
      first = false;
      AppendSorted(out, entry);
    }
    *out += ']';
  } else if (value.is_double()) {
    const std::string text = PythonFloat(value.as_double());
    *out += text == "nan"    ? "NaN"
            : text == "inf"  ? "Infinity"
            : text == "-inf" ? "-Infinity"
                             : text;
  } else {
    *out += json::Dump(value, {.ascii = true});
  }
}

json::Value WithoutSizes(const json::Value& value) {
  if (value.is_array()) {
    json::Array array;
    for (const json::Value& entry : value.as_array()) array.push_back(WithoutSizes(entry));
    return array;
  }
  if (!value.is_object()) return value;
  json::Object object;
  for (const auto& [key, member] : value.as_object()) {
    if (key != "size" && key != "nfiles") object.emplace_back(key, WithoutSizes(member));
  }
  return object;
}

}  // namespace

std::string SortedJson(const json::Value& value) {
  std::string out;
  AppendSorted(&out, value);
  return out;
}

std::string RunCacheKey(const LockedStage& stage) {
  json::Value entry = WithoutSizes(ToJson(stage));
  json::Array outs;
  for (const LockedPath& out : stage.outs) outs.push_back(out.path);
  entry.Set("outs", std::move(outs));
  return Sha256(SortedJson(entry));
}

std::string RunCacheValue(const LockedStage& stage) {
  return Sha256(SortedJson(WithoutSizes(ToJson(stage))));
}

bool IsRunCached(const Stage& stage) {
  if (stage.is_callback() || stage.always_changed) return false;
  if (stage.outs.empty() || (stage.deps.empty() && stage.params.empty())) return false;
  return std::none_of(stage.deps.begin(), stage.deps.end(),
                      [](const StagePath& dep) { return dep.path.empty(); }) &&
         std::none_of(stage.outs.begin(), stage.outs.end(),
                      [](const StageOut& out) { return out.persist || out.at.outside; });
}

Result<std::optional<LockedStage>> RunCache::Find(const LockedStage& stage) const {
  const std::string key = RunCacheKey(stage);
  const std::string folder = StrCat(folder_, "/runs/", key.substr(0, 2), "/", key);
  Result<std::vector<std::string>> names = env_.List(folder);
  if (!names.ok()) {
    if (names.error().code() == StatusCode::kNotFound) return std::optional<LockedStage>();
    return names.error().Wrap(StrCat("cannot read ", folder));
  }
  std::vector<std::pair<int64_t, std::string>> runs;
  for (const std::string& name : *names) {
    const bool is_hash =
        name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_hash) continue;
    if (Result<data::EntryInfo> info = env_.EntryInfoOf(JoinPath(folder, name)); info.ok())
      runs.emplace_back(info->mtime_ns, name);
  }
  std::sort(runs.rbegin(), runs.rend());
  for (const auto& [time, name] : runs) {
    Result<std::string> text = ReadFile(JoinPath(folder, name), kEntryBytesMax, env_);
    if (!text.ok()) continue;
    Result<YamlDocument> document = ParseYaml(*text);
    if (!document.ok()) continue;
    Result<LockedStage> run = LockedStageOf(document->root);
    // What was written under a name that is not its own is not trusted.
    if (run.ok() && RunCacheKey(*run) == key && RunCacheValue(*run) == name)
      return std::optional<LockedStage>(*std::move(run));
  }
  return std::optional<LockedStage>();
}

Status RunCache::Save(const LockedStage& stage) const {
  const std::string key = RunCacheKey(stage);
  const std::string folder = StrCat(folder_, "/runs/", key.substr(0, 2), "/", key);
  const std::string path = JoinPath(folder, RunCacheValue(stage));
  if (env_.Stat(path).ok()) return {};
  PANO_RETURN_IF_ERROR(data::MakeFolders(env_, folder));
  return WriteFile(path, DumpYaml(ToJson(stage)), env_);
}

}  // namespace pano::pipeline
