#include "model/train/open_data.h"

#include <optional>
#include <utility>

#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/train/data/text_rows.h"
#include "model/train/data/tokens_source.h"

namespace pano::train {
namespace {

// Names of a classifier's labels in config.json, by number.
std::vector<std::string> LabelsOf(const json::Value& config) {
  std::vector<std::string> out;
  const json::Value* names = config.Find("id2label");
  for (int64_t id = 0; names != nullptr; ++id) {
    const json::Value* name = names->Find(StrCat(id));
    if (name == nullptr || !name->is_string()) break;
    out.push_back(name->as_string());
  }
  return out;
}

// How the recipe's texts become rows: its tokenizer or the model's, the model's template and labels.
Result<TextRowOptions> TextOptions(const Recipe& recipe, const BaseModel& base, const RowLimits& limits) {
  TextRowOptions options;
  options.limits = limits;
  options.labels = LabelsOf(base.files.config);
  const bool own = !recipe.data.tokenizer.empty();
  if (!own && recipe.model.path.empty()) {
    return recipe.Wrong("data.tokenizer", "is missing: a model with random weights has none");
  }
  Result<tokenizer::TokenizerPtr> tokenizer = own
      ? tokenizer::LoadTokenizer(ResolvePath(recipe, recipe.data.tokenizer))
      : tokenizer::LoadTokenizer(base.files);
  if (!tokenizer.ok()) return recipe.Wrong(own ? "data.tokenizer" : "model", tokenizer.error().message());
  options.tokenizer = *std::move(tokenizer);
  if (!base.files.chat_template.empty()) {
    Result<jinja::ChatTemplatePtr> chat = jinja::ChatTemplate::Parse(base.files.chat_template);
    if (!chat.ok()) return recipe.Wrong("model", StrCat("its chat template: ", chat.error().message()));
    options.chat = *std::move(chat);
  }
  return options;
}

// `options` are made when they are first needed.
Result<std::unique_ptr<RowSource>> OpenRows(const Recipe& recipe, const BaseModel& base, const RowLimits& limits,
                                            const std::vector<std::string>& files,
                                            std::optional<TextRowOptions>& options) {
  std::vector<std::string> paths;
  for (const std::string& file : files) paths.push_back(ResolvePath(recipe, file));
  if (recipe.data.format == DataFormat::kTokens) {
    return OpenTokens(paths, recipe.task, recipe.heads, limits);
  }
  if (!options) {
    PANO_ASSIGN_OR_RETURN(options, TextOptions(recipe, base, limits));
  }
  Result<std::unique_ptr<RowSource>> rows = OpenTextRows(recipe, paths, *options);
  if (!rows.ok() && !rows.error().field().empty()) {
    return recipe.Wrong(rows.error().field(), rows.error().message());
  }
  return rows;
}

}  // namespace

Result<Trainer::Data> OpenData(const Recipe& recipe, const BaseModel& base) {
  const RowLimits limits = base.limits(recipe);
  Trainer::Data data;
  std::optional<TextRowOptions> options;
  PANO_ASSIGN_OR_RETURN(data.train, OpenRows(recipe, base, limits, recipe.data.train, options));
  if (!recipe.data.validation.empty()) {
    PANO_ASSIGN_OR_RETURN(data.validation, OpenRows(recipe, base, limits, {recipe.data.validation}, options));
  }
  return data;
}

}  // namespace pano::train
