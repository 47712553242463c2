#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "model/train/lm_recipe.h"

// Any text is a recipe that fits together, or a failure that says why not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto recipe = pano::train::ParseLmRecipe(std::string(reinterpret_cast<const char*>(data), size));
  if (!recipe.ok()) return 0;
  PANO_CHECK(recipe->training.rows % recipe->training.shards == 0);
  PANO_CHECK(recipe->training.row_tokens <= recipe->model.context_length);
  pano::train::ModelSizes sizes = recipe->model;
  sizes.vocab_size = recipe->vocab_size;  // what learning the vocabulary would set
  auto spec = pano::train::MakeModelSpec(sizes);
  if (spec.ok()) PANO_CHECK(spec->parameter_count() > 0);
  return 0;
}
