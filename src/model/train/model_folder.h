#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/train/bpe_trainer.h"
#include "model/train/lm_recipe.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// Writes config.json and model.safetensors of a Hugging Face folder: the weights as the model's
// family stores them, in `dtype` ("float32", "float16", "bfloat16"); the members of `more` are set
// in config.json, where there are any. Tied embeddings are stored once.
Status WriteWeights(const std::string& folder, const TransformerModule& module,
                    const std::string& dtype, const json::Value& more = {});

// A whole folder of a decoder that was trained from a recipe, in its dtype: also tokenizer.json,
// tokenizer_config.json, generation_config.json.
Status WriteModelFolder(const std::string& folder, const TransformerModule& module,
                        const BpeVocabulary& vocabulary, const LmRecipe& recipe);

// The weights of a folder of any model that can be trained (see ReadModelSpec), in 32 bits.
Result<TransformerModule> ReadModelFolder(const std::string& folder);

}  // namespace pano::train
