#include "app/hub/file_choice.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/env.h"
#include "base/strings.h"
#include "model/format/weight_map.h"

namespace pano::hub {
namespace {

constexpr std::string_view kWeights = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";

// What describes weights, by its name at the top of a repository.
constexpr std::string_view kDescriptions[] = {
    "added_tokens.json",   "chat_template.jinja",     "chat_template.json",
    "config.json",         "generation_config.json",  "merges.txt",
    "modules.json",        "preprocessor_config.json", "sentence_bert_config.json",
    "sentencepiece.bpe.model", "special_tokens_map.json", "spiece.model",
    "tokenizer.json",      "tokenizer.model",         "tokenizer_config.json",
    "vocab.json",          "vocab.txt"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "additional_chat_templates/tool_use.jinja".
bool IsNamedTemplate(std::string_view path) {
  return path.starts_with("additional_chat_templates/") && path.ends_with(".jinja") &&
         std::count(path.begin(), path.end(), '/') == 1;
}

// "1_Pooling/config.json", "2_Dense/model.safetensors": a module of a sentence encoder.
bool IsModuleFile(std::string_view path) {
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view folder = path.substr(0, slash), name = path.substr(slash + 1);
  return IsDigit(folder.front()) && folder.find('_') != std::string_view::npos &&
         (name == "config.json" || name == kWeights);
}

bool IsGguf(std::string_view path) { return ToLower(path).ends_with(".gguf"); }

// The parts of "x-00002-of-00003.gguf": its name as the first part has it, and how many there are.
struct SplitName {
  std::string stem;  // "x"
  int64_t part = 0, parts = 0;
};

std::optional<SplitName> ParseSplitName(std::string_view path) {
  constexpr size_t kTail = std::string_view("-00001-of-00002.gguf").size();
  if (!IsGguf(path) || path.size() <= kTail) return std::nullopt;
  const std::string_view tail = path.substr(path.size() - kTail);
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-") return std::nullopt;
  const std::string_view part = tail.substr(1, 5), parts = tail.substr(10, 5);
  if (!std::all_of(part.begin(), part.end(), IsDigit) ||
      !std::all_of(parts.begin(), parts.end(), IsDigit)) {
    return std::nullopt;
  }
  SplitName name{std::string(path.substr(0, path.size() - kTail)), *ParseInt(part), *ParseInt(parts)};
  if (name.part < 1 || name.part > name.parts) return std::nullopt;
  return name;
}

// A model in one GGUF file or several, by the path that opens it: the first part.
struct GgufModel {
  std::string first;
  std::vector<std::string> files;
  int64_t parts = 1;
};

std::vector<GgufModel> GgufModels(const std::vector<std::string>& paths) {
  std::map<std::pair<std::string, int64_t>, GgufModel> models;
  for (const std::string& path : paths) {
    if (!IsGguf(path)) continue;
    const std::optional<SplitName> split = ParseSplitName(path);
    GgufModel& model = models[split ? std::pair(split->stem, split->parts) : std::pair(path, int64_t{0})];
    model.files.push_back(path);
    if (split) model.parts = split->parts;
    if (model.first.empty() || path < model.first) model.first = path;
  }
  std::vector<GgufModel> out;
  for (auto& [key, model] : models) out.push_back(std::move(model));
  return out;
}

// Projectors of images and importance matrices are GGUF files, but no models.
bool IsCompanion(std::string_view path) {
  const std::string name = ToLower(BaseName(path));
  return name.find("mmproj") != std::string::npos || name.find("imatrix") != std::string::npos;
}

// At most eight of them, for a message.
std::string Some(const std::vector<GgufModel>& models) {
  constexpr size_t kShown = 8;
  std::set<std::string> words;
  for (const GgufModel& model : models) {
    const std::string type = GgufType(model.first);
    words.insert(type.empty() ? Printable(model.first, 200) : type);
  }
  if (words.size() < models.size()) {  // types alone do not tell them apart
    words.clear();
    for (const GgufModel& model : models) words.insert(Printable(model.first, 200));
  }
  std::string text;
  size_t shown = 0;
  for (const std::string& word : words) {
    if (shown++ == kShown) return StrCat(text, " and ", words.size() - kShown, " more");
    text += StrCat(text.empty() ? "" : ", ", word);
  }
  return text;
}

Result<FileChoice> Chosen(const GgufModel& model) {
  if (static_cast<int64_t>(model.files.size()) != model.parts) {
    return Corruption(StrCat(Printable(model.first, 200), ": the repository has ", model.files.size(),
                             " of its ", model.parts, " parts"));
  }
  FileChoice choice;
  choice.open = model.first;
  choice.files = model.files;
  std::sort(choice.files.begin(), choice.files.end());
  return choice;
}

std::vector<GgufModel> OfType(const std::vector<GgufModel>& models, std::string_view type) {
  std::vector<GgufModel> found;
  for (const GgufModel& model : models) {
    if (ToLower(GgufType(model.first)) == ToLower(type)) found.push_back(model);
  }
  return found;
}

Result<FileChoice> ChooseOne(const std::vector<GgufModel>& found, std::string_view what) {
  if (found.size() == 1) return Chosen(found.front());
  return InvalidArgument(StrCat("several GGUF models are ", what, ": name the file, as in hf:ORG/NAME:FILE; there are ",
                                Some(found)));
}

Result<FileChoice> ChooseGguf(const std::vector<std::string>& paths) {
  std::vector<GgufModel> models = GgufModels(paths);
  std::erase_if(models, [](const GgufModel& model) { return IsCompanion(model.first); });
  if (models.size() == 1) return Chosen(models.front());
  for (std::string_view type : {"Q4_K_M", "Q8_0"}) {
    const std::vector<GgufModel> found = OfType(models, type);
    if (!found.empty()) return ChooseOne(found, type);
  }
  return InvalidArgument(StrCat("the repository has several GGUF models: name a type or a file, as in "
                                "hf:ORG/NAME:TYPE; there are ",
                                Some(models)));
}

// The files that describe weights, and the modules of a sentence encoder.
std::vector<std::string> Descriptions(const std::vector<std::string>& paths) {
  const bool has_modules = std::find(paths.begin(), paths.end(), "modules.json") != paths.end();
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (std::find(std::begin(kDescriptions), std::end(kDescriptions), path) != std::end(kDescriptions) ||
        IsNamedTemplate(path) || (has_modules && IsModuleFile(path))) {
      files.push_back(path);
    }
  }
  return files;
}

Result<FileChoice> ChooseFolder(const std::vector<std::string>& paths) {
  auto has = [&](std::string_view name) {
    return std::find(paths.begin(), paths.end(), name) != paths.end();
  };
  FileChoice choice;
  choice.files = Descriptions(paths);
  if (has(kWeights)) {
    choice.files.emplace_back(kWeights);
  } else {
    choice.index = kIndex;
    choice.files.push_back(choice.index);
  }
  std::sort(choice.files.begin(), choice.files.end());
  return choice;
}

Status NothingToOpen(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.starts_with("pytorch_model") || path.ends_with(".pt") || path.ends_with(".pth")) {
      return Unimplemented(StrCat("the repository has its weights only as pickles (",
                                  Printable(path, 200),
                                  "), which are programs and are not run; look for one with safetensors "
                                  "or GGUF"));
    }
  }
  return NotFound("the repository has no model.safetensors and no .gguf file");
}

Result<FileChoice> ChoosePath(const std::vector<std::string>& paths, const std::string& path) {
  if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
    return NotFound(StrCat("the repository has no file '", Printable(path, 200), "'"));
  }
  if (IsGguf(path)) {
    for (const GgufModel& model : GgufModels(paths)) {
      if (std::find(model.files.begin(), model.files.end(), path) != model.files.end()) {
        return Chosen(model);
      }
    }
  }
  if (path == kWeights || path == kIndex) return ChooseFolder(paths);
  FileChoice choice;
  choice.open = path;
  choice.files = Descriptions(paths);
  if (std::find(choice.files.begin(), choice.files.end(), path) == choice.files.end()) {
    choice.files.push_back(path);
  }
  std::sort(choice.files.begin(), choice.files.end());
  return choice;
}

bool IsPath(std::string_view selector) {
  const std::string lower = ToLower(selector);
  for (std::string_view end : {".gguf", ".safetensors", ".json", ".model", ".tiktoken"}) {
    if (lower.ends_with(end)) return true;
  }
  return selector.find('/') != std::string_view::npos;
}

}  // namespace

std::string GgufType(std::string_view path) {
  if (!IsGguf(path)) return {};
  const std::optional<SplitName> split = ParseSplitName(path);
  std::string_view stem = split ? std::string_view(split->stem) : path.substr(0, path.size() - 5);
  // The names of types: an optional "UD-", letters, digits, then parts joined by '_'.
  auto type_of = [](std::string_view text) -> std::string {
    size_t begin = text.find_last_of("-./") + 1;  // npos + 1 is 0
    std::string lower = ToLower(text.substr(begin));
    // "name_q4_0": what stands before the type is joined by '_', too.
    static constexpr std::string_view kStarts[] = {"iq", "bf", "tq", "mxfp", "nvfp", "q", "f"};
    for (size_t at = 0; at < lower.size(); at = lower.find('_', at) == std::string::npos
                                                    ? lower.size()
                                                    : lower.find('_', at) + 1) {
      for (std::string_view start : kStarts) {
        const std::string_view rest = std::string_view(lower).substr(at);
        if (rest.starts_with(start) && rest.size() > start.size() && IsDigit(rest[start.size()])) {
          std::string type(text.substr(begin + at));
          const bool dynamic = at == 0 && begin >= 3 && ToLower(text.substr(begin - 3, 3)) == "ud-";
          return dynamic ? "UD-" + type : type;
        }
      }
    }
    return {};
  };
  std::string type = type_of(stem);
  if (!type.empty() || stem.find('/') == std::string_view::npos) return type;
  return type_of(stem.substr(0, stem.rfind('/')));
}

Result<FileChoice> ChooseFiles(const std::vector<std::string>& paths, std::string_view selector) {
  auto has = [&](std::string_view name) {
    return std::find(paths.begin(), paths.end(), name) != paths.end();
  };
  const bool has_gguf = std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
    return IsGguf(path) && !IsCompanion(path);
  });
  if (selector.empty()) {
    if (has(kWeights) || has(kIndex)) return ChooseFolder(paths);
    if (has_gguf) return ChooseGguf(paths);
    return NothingToOpen(paths);
  }
  if (IsPath(selector)) return ChoosePath(paths, std::string(selector));
  if (!has_gguf) {
    return NotFound(StrCat("the repository has no .gguf file, so none of the type '",
                           Printable(selector, 200), "'"));
  }
  std::vector<GgufModel> models = GgufModels(paths);
  const std::vector<GgufModel> found = OfType(models, selector);
  if (found.empty()) {
    return NotFound(StrCat("the repository has no GGUF model of the type '", Printable(selector, 200),
                           "'; there are ", Some(models)));
  }
  return ChooseOne(found, StrCat("of the type ", selector));
}

std::vector<FileChoice> GgufChoices(const std::vector<std::string>& paths) {
  std::vector<FileChoice> choices;
  for (const GgufModel& model : GgufModels(paths)) {
    Result<FileChoice> choice = Chosen(model);
    if (choice.ok()) choices.push_back(std::move(*choice));
  }
  return choices;
}

Result<std::vector<std::string>> ShardsOf(std::string_view index_text,
                                          const std::vector<std::string>& paths) {
  PANO_ASSIGN_OR_RETURN(const format::WeightMap map, format::ParseWeightMap(index_text));
  std::set<std::string> names;
  for (const auto& [tensor, file] : map) names.insert(file);
  const std::set<std::string_view> present(paths.begin(), paths.end());
  for (const std::string& name : names) {
    if (!present.contains(name)) {
      return NotFound(StrCat("weight_map: file '", Printable(name, 200), "' is missing"));
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace pano::hub
