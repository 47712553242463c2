#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "model/tokenizer/train/train_tokenizer.h"
#include "model/train/recipe/recipe.h"

namespace pano::train {

// `task: tokenizer` of a recipe: learns a vocabulary from the lines of text files.

// The recipe's keys as the trainer takes them; failures are "FILE:LINE: key: why".
Result<tokenizer::TokenizerRecipe> TokenizerRecipeOf(const Recipe& recipe);

// tokenizer_config.json: what transformers needs beside tokenizer.json, with the part that special
// tokens of the usual names play ("</s>" and "<|endoftext|>" end a text, "[MASK]" hides a token).
json::Value TokenizerConfigOf(const tokenizer::TokenizerRecipe& recipe);

// Trains on `texts`, the recipe's data.train where they are, and writes OUT/tokenizer.json and
// OUT/tokenizer_config.json; the folder is made where it is missing. Nothing is written where
// training fails.
Result<tokenizer::TrainedTokenizer> RunTokenizerTask(const Recipe& recipe, std::vector<std::string> texts,
                                                     const std::string& out,
                                                     const tokenizer::TrainTokenizerOptions& options,
                                                     Env& env = Env::Real());

}  // namespace pano::train
