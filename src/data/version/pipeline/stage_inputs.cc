#include "data/version/pipeline/stage_inputs.h"

#include <algorithm>
#include <utility>

#include "base/digest/file_digest.h"
#include "base/strings.h"
#include "data/version/pipeline/param_file.h"

namespace pano::pipeline {
namespace {

constexpr size_t kParamBytesMax = 64u << 20;

}  // namespace

bool SameValue(const json::Value& a, const json::Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_int() && b.is_int()) return a.as_int() == b.as_int();
    return a.as_double() == b.as_double();
  }
  if (a.is_array() && b.is_array()) {
    return a.as_array().size() == b.as_array().size() &&
           std::equal(a.as_array().begin(), a.as_array().end(), b.as_array().begin(), SameValue);
  }
  if (a.is_object() && b.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return false;
    const auto sorted = [](const json::Value& value) {
      std::vector<const std::pair<std::string, json::Value>*> members;
      for (const auto& member : value.as_object()) members.push_back(&member);
      std::sort(members.begin(), members.end(),
                [](const auto* x, const auto* y) { return x->first < y->first; });
      return members;
    };
    const auto left = sorted(a), right = sorted(b);
    for (size_t i = 0; i < left.size(); ++i) {
      if (left[i]->first != right[i]->first || !SameValue(left[i]->second, right[i]->second))
        return false;
    }
    return true;
  }
  return a == b;
}

LockedPath LockedPathOf(const std::string& written, const data::Output& output) {
  LockedPath locked;
  locked.path = written;
  locked.id = output.id;
  locked.bytes = output.bytes;
  if (output.id && output.id->folder) locked.files = output.files;
  locked.executable = output.executable;
  return locked;
}

Result<data::Content> StageInputs::Look(const StagePath& dep, data::HashName hash,
                                        const std::optional<data::ObjectId>& expected) {
  if (!dep.outside) return workspace_.Look(dep.path, hash, expected);
  // A file elsewhere on this machine: its digest is all that is kept of it.
  data::Content content;
  const Result<FileInfo> info = repository_.env().Stat(dep.path);
  if (!info.ok()) {
    if (info.error().code() == StatusCode::kNotFound) return content;
    return info.error().Wrap(StrCat("cannot read ", Printable(dep.path, 300)));
  }
  if (info->kind != FileInfo::Kind::kFile) {
    return InvalidArgument(StrCat("the dependency '", Printable(dep.written, 200),
                                  "' is outside of the repository and no file: import it"));
  }
  PANO_ASSIGN_OR_RETURN(const FileDigest digest,
                        DigestOfFile(repository_.env(), dep.path, Digest::kMd5));
  PANO_ASSIGN_OR_RETURN(content.id, data::ObjectId::Parse(digest.hex));
  content.there = true;
  content.bytes = digest.bytes;
  return content;
}

Result<json::Value> StageInputs::ReadParams(const StagePath& file) const {
  Result<std::string> text =
      ReadFile(repository_.Absolute(file.path), kParamBytesMax, repository_.env());
  if (!text.ok()) {
    if (text.error().code() == StatusCode::kNotFound)
      return NotFound(
          StrCat("the file of parameters '", Printable(file.written, 200), "' does not exist"));
    return text.error().Wrap(Printable(file.written, 200));
  }
  PANO_ASSIGN_OR_RETURN(json::Value values, ParseParamFile(file.path, *text));
  if (!values.is_object())
    return InvalidArgument(StrCat("'", Printable(file.written, 200), "' is a ", values.kind(),
                                  ", not a mapping of parameters"));
  return values;
}

Result<LockedStage> StageInputs::Of(const Stage& stage) {
  LockedStage entry;
  entry.cmd = stage.cmd;
  for (const StagePath& dep : stage.deps) {
    PANO_ASSIGN_OR_RETURN(const data::Content content, Look(dep, data::HashName::kMd5));
    if (!content.there)
      return NotFound(StrCat("the dependency '", Printable(dep.written, 200), "' does not exist"));
    LockedPath locked;
    locked.path = dep.written;
    locked.id = content.id;
    locked.bytes = content.bytes;
    if (content.folder) locked.files = content.files;
    locked.executable = !content.folder && content.executable;
    entry.deps.push_back(std::move(locked));
  }
  std::sort(entry.deps.begin(), entry.deps.end(),
            [](const LockedPath& a, const LockedPath& b) { return a.path < b.path; });
  for (const StageParams& params : stage.params) {
    PANO_ASSIGN_OR_RETURN(const json::Value values, ReadParams(params.file));
    json::Object chosen;
    if (params.keys.empty()) chosen = values.as_object();
    for (const std::string& key : params.keys) {
      const json::Value* value = FindParam(values, key);
      if (value == nullptr)
        return NotFound(StrCat("the parameter '", Printable(key), "' is missing from '",
                               Printable(params.file.written, 200), "'"));
      chosen.emplace_back(key, *value);
    }
    std::sort(chosen.begin(), chosen.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    entry.params.emplace_back(params.file.written, std::move(chosen));
  }
  for (const StageOut& out : stage.outs) {
    LockedPath locked;
    locked.path = out.at.written;
    entry.outs.push_back(std::move(locked));
  }
  std::sort(entry.outs.begin(), entry.outs.end(),
            [](const LockedPath& a, const LockedPath& b) { return a.path < b.path; });
  return entry;
}

Result<bool> StageInputs::Same(const Stage& stage, const LockedStage& locked) {
  for (const StagePath& dep : stage.deps) {
    const LockedPath* before = locked.Dep(dep.written);
    if (before == nullptr || !before->id) return false;
    PANO_ASSIGN_OR_RETURN(const data::Content content, Look(dep, before->id->hash, before->id));
    if (!content.there || content.id != *before->id) return false;
  }
  for (const StageParams& params : stage.params) {
    const json::Object* before = locked.ParamsOf(params.file.written);
    Result<json::Value> values = ReadParams(params.file);
    if (!values.ok() && values.error().code() == StatusCode::kNotFound) return false;
    if (!values.ok()) return values.error();
    if (before == nullptr) return false;
    if (params.keys.empty()) {
      if (!SameValue(*values, json::Value(*before))) return false;
      continue;
    }
    for (const std::string& key : params.keys) {
      const json::Value* now = FindParam(*values, key);
      const auto then = std::find_if(before->begin(), before->end(),
                                     [&key](const auto& member) { return member.first == key; });
      if (now == nullptr || then == before->end() || !SameValue(*now, then->second)) return false;
    }
  }
  return true;
}

}  // namespace pano::pipeline
