#include "model/train/recipe/recipe.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "base/closest_name.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/yaml/document.h"
#include "model/train/recipe/recipe_keys.h"

namespace pano::train {
namespace {

// The name of the key below `parent` ("": at the top) that `path` is or lies under; "" where it
// does not.
std::string_view NameBelow(std::string_view parent, std::string_view path) {
  if (!parent.empty()) {
    if (path.size() <= parent.size() || !path.starts_with(parent) || path[parent.size()] != '.') return {};
    path.remove_prefix(parent.size() + 1);
  }
  return path.substr(0, path.find('.'));
}

std::string ThereIsNo(std::string_view parent, std::string_view name) {
  std::vector<std::string_view> names;
  std::string elsewhere;
  for (const RecipeKey& key : RecipeKeys()) {
    const std::string_view below = NameBelow(parent, key.path);
    if (!below.empty() && std::ranges::find(names, below) == names.end()) names.push_back(below);
    if (std::string_view(key.path).substr(key.path.rfind('.') + 1) == name) elsewhere = key.path;
  }
  if (!elsewhere.empty()) return StrCat("there is no such key here; did you mean '", elsewhere, "'?");
  std::string meant = DidYouMean(name, names);
  if (meant.empty()) {
    for (std::string_view one : names) meant += StrCat(meant.empty() ? "; there are " : ", ", one);
  }
  return StrCat("there is no such key", meant);
}

class Reader {
 public:
  explicit Reader(Recipe& recipe) : recipe_(recipe) {}

  Status Read(const YAML::Node& node, const std::string& parent) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return RecipeValue(entry.first, parent, recipe_.file).Wrong("a key is no text");
      const std::string& name = entry.first.Scalar();
      const std::string path = parent.empty() ? name : StrCat(parent, ".", name);
      const RecipeValue at_key(entry.first, Shown(path), recipe_.file);
      if (!seen.insert(name).second) return at_key.Wrong("stands twice");
      recipe_.lines[path] = at_key.line();
      PANO_RETURN_IF_ERROR(ReadEntry(entry.second, path, at_key, parent, name));
    }
    return {};
  }

 private:
  std::string_view Shown(const std::string& path) { return shown_ = Printable(path); }

  Status ReadEntry(const YAML::Node& node, const std::string& path, const RecipeValue& at_key,
                   const std::string& parent, const std::string& name) {
    const auto keys = RecipeKeys();
    const auto exact = std::ranges::find(keys, path, &RecipeKey::path);
    const bool section = std::ranges::any_of(keys, [&](const RecipeKey& key) { return !NameBelow(path, key.path).empty(); });
    if (name.empty() || name.find('.') != std::string::npos || (exact == keys.end() && !section)) {
      return at_key.Wrong(ThereIsNo(parent, name));
    }
    if (section && node.IsMap()) return Read(node, path);
    if (exact == keys.end()) {
      if (node.IsNull()) return {};
      return at_key.Wrong(StrCat("expected a mapping with keys of ", path));
    }
    const RecipeValue value(node, path, recipe_.file);
    return exact->read(value, recipe_);
  }

  Recipe& recipe_;
  std::string shown_;
};

// Keys that say nothing for the task would be settings that are silently ignored.
Status CheckTasks(const Recipe& recipe) {
  for (const RecipeKey& key : RecipeKeys()) {
    if (!recipe.Has(key.path) || (key.tasks & Of(recipe.task)) != 0) continue;
    return recipe.Wrong(key.path, StrCat("says nothing for task ", TaskName(recipe.task)));
  }
  return {};
}

DataFormat DefaultFormat(Task task) {
  switch (task) {
    case Task::kChat:
      return DataFormat::kChat;
    case Task::kPreference:
      return DataFormat::kPreference;
    case Task::kSequenceClassification:
    case Task::kTokenClassification:
      return DataFormat::kLabelled;
    case Task::kEmbedding:
      return DataFormat::kPairs;
    case Task::kCausalLm:
    case Task::kMaskedLm:
    case Task::kTokenizer:
      break;
  }
  return DataFormat::kText;
}

Status CheckFormat(const Recipe& recipe) {
  const DataFormat format = recipe.data.format;
  if (format == DataFormat::kTokens || format == DefaultFormat(recipe.task)) return {};
  return recipe.Wrong("data.format", StrCat("is not one that task ", TaskName(recipe.task), " reads"));
}

Status CheckSchedule(const Recipe& recipe) {
  const Recipe::Schedule& s = recipe.schedule;
  const bool wsd = s.kind == Recipe::Schedule::Kind::kWsd;
  for (const char* key : {"schedule.decay_steps", "schedule.decay"}) {
    if (recipe.Has(key) && !wsd) return recipe.Wrong(key, "is of the wsd schedule");
  }
  if (recipe.Has("schedule.cycles") && s.kind != Recipe::Schedule::Kind::kCosine) {
    return recipe.Wrong("schedule.cycles", "is of the cosine schedule");
  }
  const int64_t total = s.total_steps > 0 ? s.total_steps : recipe.steps;
  if (total > 0 && wsd && s.warmup_steps + s.decay_steps > total) {
    return recipe.Wrong("schedule", StrCat("warmup_steps and decay_steps are ", s.warmup_steps + s.decay_steps,
                                           " together, and there are ", total, " steps"));
  }
  return {};
}

Status CheckModel(const Recipe& recipe) {
  const bool config = !recipe.model.config.is_null();
  if (recipe.model.path.empty() && !config) {
    return recipe.Wrong("model", "is missing: a path, or {config: {...}, init: random}");
  }
  if (config && !recipe.Has("model.init")) {
    return recipe.Wrong("model", "model.config without 'init: random' has no weights");
  }
  if (!config && recipe.Has("model.init")) return recipe.Wrong("model.init", "needs model.config");
  if (!recipe.heads.empty() && recipe.adapter) {
    return recipe.Wrong("adapter", "several heads are learnt with the whole encoder");
  }
  if (config && recipe.adapter) return recipe.Wrong("adapter", "needs a model with weights that it adapts");
  return {};
}

Status Check(const Recipe& recipe) {
  if (!recipe.Has("task")) return recipe.Wrong("task", "is missing");
  PANO_RETURN_IF_ERROR(CheckTasks(recipe));
  if (recipe.data.train.empty()) return recipe.Wrong("data.train", "is missing: what is learnt from");
  PANO_RETURN_IF_ERROR(CheckFormat(recipe));
  if (recipe.task == Task::kTokenizer) {
    return recipe.Has("vocab") ? Status() : recipe.Wrong("vocab", "is missing: how many pieces there are to be");
  }
  PANO_RETURN_IF_ERROR(CheckModel(recipe));
  if (recipe.steps == 0 && recipe.epochs == 0) return recipe.Wrong("steps", "is missing: steps or epochs");
  if (recipe.steps > 0 && recipe.epochs > 0) return recipe.Wrong("epochs", "there are steps already");
  if (!recipe.labels.empty() && !recipe.heads.empty()) {
    return recipe.Wrong("labels", "each of the heads has its own");
  }
  if (recipe.data.pack && recipe.task != Task::kCausalLm && recipe.task != Task::kChat && recipe.task != Task::kMaskedLm) {
    return recipe.Wrong("data.pack", StrCat("task ", TaskName(recipe.task), " needs a row for each text"));
  }
  for (const char* key : {"evaluate.every", "evaluate.patience"}) {
    if (recipe.Has(key) && recipe.data.validation.empty()) return recipe.Wrong(key, "needs data.validation");
  }
  if (recipe.adapter && recipe.Has("adapter.from")) {
    for (const char* key : {"r", "alpha", "targets", "rslora", "dora", "modules_to_save"}) {
      const std::string path = StrCat("adapter.", key);
      if (recipe.Has(path)) return recipe.Wrong(path, "the folder of adapter.from says it");
    }
  }
  return CheckSchedule(recipe);
}

// "line 3, column 5: why" and "line 3: why" as "FILE:3: why".
Status AtLine(const Status& status, const std::string& file) {
  std::string_view text = status.message();
  if (text.starts_with(StrCat(file, ":"))) return status;
  std::string_view line = "1";
  if (text.starts_with("line ")) {
    const size_t colon = text.find(": ");
    if (colon != std::string_view::npos) {
      line = text.substr(5, text.find_first_of(",:") - 5);
      text.remove_prefix(colon + 2);
    }
  }
  return InvalidArgument(StrCat(file, ":", line, ": ", text));
}

}  // namespace

Status Recipe::Wrong(std::string_view path, std::string_view why) const {
  int line = 1;
  for (std::string at(path);;) {
    if (const auto found = lines.find(at); found != lines.end()) {
      line = found->second;
      break;
    }
    const size_t dot = at.rfind('.');
    if (dot == std::string::npos) break;
    at.resize(dot);
  }
  return InvalidArgument(StrCat(file, ":", line, ": ", path, ": ", why)).WithField(std::string(path));
}

Result<Recipe> ParseRecipe(std::string_view text, const std::string& file) {
  Recipe recipe;
  recipe.file = file;
  recipe.text = text;
  const yaml::DocumentLimits limits{.bytes_max = kRecipeBytesMax, .nodes_max = 1 << 16};
  const Status status = yaml::ReadDocument(text, limits, [&](const YAML::Node& root) -> Status {
    if (!root.IsMap()) return RecipeValue(root, "", file).Wrong("a recipe is a mapping of keys");
    return Reader(recipe).Read(root, "");
  });
  if (!status.ok()) return AtLine(status, file);
  if (recipe.Has("adapter") && !recipe.adapter) recipe.adapter.emplace(Recipe::Adapter{});
  if (!recipe.Has("data.format")) recipe.data.format = DefaultFormat(recipe.task);
  PANO_RETURN_IF_ERROR(Check(recipe));
  return recipe;
}

Result<Recipe> LoadRecipe(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kRecipeBytesMax));
  return ParseRecipe(text, path);
}

std::string RecipeKeysMarkdown() {
  std::string out = "| key | values | default | |\n|---|---|---|---|\n";
  for (const RecipeKey& key : RecipeKeys()) {
    out += StrCat("| `", key.path, "` | ", key.values, " | ", key.by_default, " | ", key.help, " |\n");
  }
  return out;
}

}  // namespace pano::train
