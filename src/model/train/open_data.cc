#include "model/train/open_data.h"

#include "base/strings.h"
#include "model/train/data/tokens_source.h"

namespace pano::train {
namespace {

Result<std::unique_ptr<RowSource>> OpenRows(const Recipe& recipe, const RowLimits& limits,
                                            const std::vector<std::string>& files) {
  std::vector<std::string> paths;
  for (const std::string& file : files) paths.push_back(ResolvePath(recipe, file));
  if (recipe.data.format == DataFormat::kTokens) {
    return OpenTokens(paths, recipe.task, recipe.heads, limits);
  }
  return recipe.Wrong("data.format", "is one that this version does not read yet: 'tokens' is");
}

}  // namespace

Result<Trainer::Data> OpenData(const Recipe& recipe, const BaseModel& base) {
  const RowLimits limits = base.limits(recipe);
  Trainer::Data data;
  PANO_ASSIGN_OR_RETURN(data.train, OpenRows(recipe, limits, recipe.data.train));
  if (!recipe.data.validation.empty()) {
    PANO_ASSIGN_OR_RETURN(data.validation, OpenRows(recipe, limits, {recipe.data.validation}));
  }
  return data;
}

}  // namespace pano::train
