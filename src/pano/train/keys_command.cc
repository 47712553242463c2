#include <cstdio>

#include "model/train/recipe/recipe.h"
#include "pano/train/commands.h"

namespace pano::train {

int RunKeys(const cli::Command& self, cli::Args args) {
  OptionSet set;
  if (const auto code = cli::Parse(self, set, args)) return *code;
  std::fputs(RecipeKeysMarkdown().c_str(), stdout);
  return 0;
}

}  // namespace pano::train
