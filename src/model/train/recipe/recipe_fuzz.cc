// Any text is a recipe that fits together, or a failure that says where and why.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/train/recipe/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::train;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto recipe = ParseRecipe(text, "r");
  if (!recipe.ok()) {
    PANO_CHECK(recipe.error().message().starts_with("r:"));
    return 0;
  }
  PANO_CHECK(!recipe->data.train.empty());
  PANO_CHECK(recipe->task == Task::kTokenizer || recipe->steps > 0 || recipe->epochs > 0);
  PANO_CHECK(recipe->task == Task::kTokenizer || !recipe->model.path.empty() || recipe->model.config.is_object());
  return 0;
}
