#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "model/train/recipe/recipe.h"
#include "model/train/recipe/recipe_value.h"

namespace pano::train {

// Tasks as bits.
using TaskSet = uint32_t;
constexpr TaskSet Of(Task task) { return TaskSet{1} << static_cast<unsigned>(task); }
inline constexpr TaskSet kTokenizerTask = Of(Task::kTokenizer);
inline constexpr TaskSet kModelTasks = (TaskSet{1} << kTaskCount) - 1 - kTokenizerTask;
inline constexpr TaskSet kEveryTask = kModelTasks | kTokenizerTask;

// One key of a recipe, declared once: the reader, its refusals and the documentation come from here.
struct RecipeKey {
  std::string path;        // "batch.sequences"
  std::string values;      // "1 to 65536"
  std::string by_default;  // "8"; "": none
  std::string help;        // one sentence
  TaskSet tasks = kModelTasks;
  std::function<Status(const RecipeValue& value, Recipe& recipe)> read;
};

// In the order of the documentation.
std::span<const RecipeKey> RecipeKeys();

}  // namespace pano::train
