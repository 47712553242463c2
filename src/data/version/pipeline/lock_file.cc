#include "data/version/pipeline/lock_file.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "data/version/pipeline/yaml_dump.h"
#include "data/version/pipeline/yaml_value.h"

namespace pano::pipeline {
namespace {

const LockedPath* FindPath(const std::vector<LockedPath>& paths, std::string_view path) {
  for (const LockedPath& one : paths) {
    if (one.path == path) return &one;
  }
  return nullptr;
}

Result<std::optional<uint64_t>> Count(const json::Value& entry, std::string_view key) {
  const json::Value* value = entry.Find(key);
  if (value == nullptr || value->is_null()) return std::optional<uint64_t>();
  if (!value->is_int() || value->as_int() < 0)
    return InvalidArgument(StrCat("'", key, "' is no size"));
  return std::optional<uint64_t>(static_cast<uint64_t>(value->as_int()));
}

Result<LockedPath> PathOf(const json::Value& entry) {
  if (!entry.is_object())
    return InvalidArgument(StrCat("an entry is a ", entry.kind(), ", not a mapping"));
  const json::Value* path = entry.Find("path");
  if (path == nullptr || !path->is_string() || path->as_string().empty())
    return InvalidArgument("an entry has no 'path'");
  LockedPath locked;
  locked.path = path->as_string();
  const json::Value* hash = entry.Find("hash");
  const bool current = hash != nullptr && hash->is_string() && hash->as_string() == "md5";
  if (const json::Value* md5 = entry.Find("md5"); md5 != nullptr && !md5->is_null()) {
    if (!md5->is_string())
      return InvalidArgument(
          StrCat("'", Printable(locked.path, 200), "': 'md5' is a ", md5->kind(), ", not a text"));
    Result<data::ObjectId> id = data::ObjectId::Parse(
        md5->as_string(), current ? data::HashName::kMd5 : data::HashName::kMd5Dos2Unix);
    if (!id.ok())
      return InvalidArgument(StrCat("'", Printable(locked.path, 200), "': ", id.error().message()));
    locked.id = *id;
  }
  PANO_ASSIGN_OR_RETURN(locked.bytes, Count(entry, "size"));
  PANO_ASSIGN_OR_RETURN(locked.files, Count(entry, "nfiles"));
  const json::Value* executable = entry.Find("isexec");
  locked.executable = executable != nullptr && executable->is_bool() && executable->as_bool();
  return locked;
}

json::Value ToJson(const LockedPath& locked) {
  json::Value entry;
  entry.Set("path", locked.path);
  if (locked.id) {
    if (locked.id->hash == data::HashName::kMd5) entry.Set("hash", "md5");
    entry.Set("md5", locked.id->ToString());
  } else {
    entry.Set("hash", "md5");
  }
  if (locked.bytes) entry.Set("size", *locked.bytes);
  if (locked.files) entry.Set("nfiles", *locked.files);
  if (locked.executable) entry.Set("isexec", true);
  return entry;
}

Result<std::vector<LockedPath>> PathsOf(const json::Value& stage, std::string_view key) {
  std::vector<LockedPath> paths;
  const json::Value* list = stage.Find(key);
  if (list == nullptr || list->is_null()) return paths;
  if (!list->is_array())
    return InvalidArgument(StrCat("'", key, "' is a ", list->kind(), ", not a list"));
  for (const json::Value& entry : list->as_array()) {
    PANO_ASSIGN_OR_RETURN(LockedPath path, PathOf(entry));
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

const LockedPath* LockedStage::Dep(std::string_view path) const { return FindPath(deps, path); }
const LockedPath* LockedStage::Out(std::string_view path) const { return FindPath(outs, path); }

const json::Object* LockedStage::ParamsOf(std::string_view file) const {
  for (const auto& [name, values] : params) {
    if (name == file) return &values;
  }
  return nullptr;
}

json::Value ToJson(const LockedStage& stage) {
  json::Value value;
  value.Set("cmd", stage.cmd);
  const auto list = [](const std::vector<LockedPath>& paths) {
    json::Array array;
    for (const LockedPath& path : paths) array.push_back(ToJson(path));
    return array;
  };
  if (!stage.deps.empty()) value.Set("deps", list(stage.deps));
  if (!stage.params.empty()) {
    json::Value params;
    for (const auto& [file, values] : stage.params) params.Set(file, values);
    value.Set("params", std::move(params));
  }
  if (!stage.outs.empty()) value.Set("outs", list(stage.outs));
  return value;
}

Result<LockedStage> LockedStageOf(const json::Value& value) {
  if (!value.is_object()) return InvalidArgument(StrCat("is a ", value.kind(), ", not a mapping"));
  LockedStage stage;
  const json::Value* cmd = value.Find("cmd");
  if (cmd == nullptr || !(cmd->is_string() || cmd->is_array()))
    return InvalidArgument("'cmd' is missing or neither a text nor a list");
  stage.cmd = *cmd;
  PANO_ASSIGN_OR_RETURN(stage.deps, PathsOf(value, "deps"));
  PANO_ASSIGN_OR_RETURN(stage.outs, PathsOf(value, "outs"));
  if (const json::Value* params = value.Find("params"); params != nullptr && !params->is_null()) {
    if (!params->is_object())
      return InvalidArgument(StrCat("'params' is a ", params->kind(), ", not a mapping"));
    for (const auto& [file, values] : params->as_object()) {
      if (!values.is_object())
        return InvalidArgument(StrCat("parameters of '", Printable(file, 200), "' are a ",
                                      values.kind(), ", not a mapping"));
      stage.params.emplace_back(file, values.as_object());
    }
  }
  return stage;
}

Result<LockFile> LockFile::Parse(std::string_view text, const std::string& file) {
  LockFile lock;
  if (Trim(text).empty()) {
    lock.root_.Set("schema", "2.0");
    lock.root_.Set("stages", json::Object());
    return lock;
  }
  Result<YamlDocument> document = ParseYaml(text);
  if (!document.ok()) return InvalidArgument(StrCat(file, ": ", document.error().message()));
  const auto wrong = [&](std::string_view place, std::string_view why) {
    return InvalidArgument(StrCat(document->Where(file, place), why));
  };
  if (!document->root.is_object())
    return wrong(
        "", StrCat("is a ", document->root.kind(), ", not a mapping with 'schema' and 'stages'"));
  const json::Value* schema = document->root.Find("schema");
  if (schema == nullptr) return wrong("", "'schema' is missing: a lock file of DVC 1.x, or none");
  if (!schema->is_string() || schema->as_string() != "2.0")
    return wrong("schema", "'schema' is not '2.0'");
  lock.root_ = std::move(document->root);
  const json::Value* stages = lock.root_.Find("stages");
  if (stages == nullptr || stages->is_null()) {
    lock.root_.Set("stages", json::Object());
    return lock;
  }
  if (!stages->is_object())
    return wrong("stages", StrCat("'stages' is a ", stages->kind(), ", not a mapping"));
  for (const auto& [name, value] : stages->as_object()) {
    Result<LockedStage> stage = LockedStageOf(value);
    if (!stage.ok())
      return wrong(StrCat("stages.", name),
                   StrCat("stage '", Printable(name), "': ", stage.error().message()));
    lock.stages_.emplace(name, *std::move(stage));
  }
  return lock;
}

const LockedStage* LockFile::Find(std::string_view stage) const {
  const auto found = stages_.find(stage);
  return found == stages_.end() ? nullptr : &found->second;
}

void LockFile::Set(const std::string& stage, LockedStage entry) {
  for (auto& [key, value] : root_.as_object()) {
    if (key == "stages") value.Set(stage, ToJson(entry));
  }
  stages_.insert_or_assign(stage, std::move(entry));
}

std::string LockFile::Text() const { return DumpYaml(root_); }

}  // namespace pano::pipeline
