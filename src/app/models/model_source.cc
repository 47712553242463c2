#include "app/models/model_source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/models/paced/paced_model.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/format/gguf_split.h"
#include "model/format/weights.h"

namespace pano::models {
namespace {

// "models/x" for "models/x", "models/x/" and, run inside it, ".".
std::string NameOf(const std::string& path) {
  std::string_view base = BaseName(path);
  if (base != "." && base != "..") return std::string(IsDirectory(path) ? base : Stem(path));
  std::error_code error;
  std::filesystem::path whole = std::filesystem::canonical(path, error);
  return error ? std::string(base) : whole.filename().string();
}

// A version's folder as OpenModel takes it.
std::string ModelPathIn(const std::string& folder) {
  if (FileExists(JoinPath(folder, "config.json"))) return folder;
  std::string found;
  Result<std::vector<std::string>> names = ListDirectory(folder);
  if (!names.ok()) return folder;
  for (const std::string& name : *names) {
    if (!name.ends_with(".gguf") || format::IsLaterGgufPart(name)) continue;
    if (!found.empty()) return folder;  // which one? OpenModel says what is wrong
    found = JoinPath(folder, name);
  }
  return found.empty() ? folder : found;
}

}  // namespace

bool IsVersionNumber(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<ModelSource> ParseModelSource(std::string_view argument) {
  size_t equals = argument.find('=');
  ModelSource source;
  if (equals != std::string_view::npos && IsModelId(argument.substr(0, equals))) {
    source.id = std::string(argument.substr(0, equals));
    source.path = std::string(argument.substr(equals + 1));
  } else {
    source.path = std::string(argument);
    source.id = IsPacedPath(source.path) ? "fake" : NameOf(source.path);
  }
  if (source.path.empty()) return InvalidArgument("--model: the path is missing");
  if (!IsModelId(source.id)) {
    return InvalidArgument(StrCat("--model ", Printable(argument), ": '", Printable(source.id),
                                  "' cannot be a model's id; name it: --model ID=PATH, where ID is "
                                  "up to three parts of A-Z a-z 0-9 . _ - joined by '/'"));
  }
  return source;
}

Result<ModelAlias> ParseModelAlias(std::string_view argument) {
  size_t equals = argument.rfind('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == argument.size()) {
    return InvalidArgument(StrCat("--alias ", Printable(argument), ": is not NAME=ID"));
  }
  ModelAlias alias{std::string(argument.substr(0, equals)),
                   std::string(argument.substr(equals + 1))};
  if (alias.name.size() > ModelAlias::kNameBytesMax || !Utf8Valid(alias.name)) {
    return InvalidArgument(StrCat("--alias ", Printable(argument), ": a name is UTF-8 of at most ",
                                  ModelAlias::kNameBytesMax, " bytes"));
  }
  return alias;
}

Result<std::vector<VersionSource>> ListVersions(const std::string& path) {
  std::vector<VersionSource> versions;
  if (IsDirectory(path) && !FileExists(JoinPath(path, "config.json"))) {
    PANO_ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(path));
    for (const std::string& name : names) {
      std::string folder = JoinPath(path, name);
      if (IsVersionNumber(name) && IsDirectory(folder)) versions.push_back({name, ModelPathIn(folder)});
    }
  }
  if (versions.empty()) versions.push_back({"1", path});
  std::sort(versions.begin(), versions.end(), [](const VersionSource& a, const VersionSource& b) {
    return *ParseInt(a.version) < *ParseInt(b.version);
  });
  return versions;
}

}  // namespace pano::models
