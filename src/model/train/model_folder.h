#pragma once

#include <string>

#include "base/result.h"
#include "model/train/bpe_trainer.h"
#include "model/train/llama_module.h"
#include "model/train/recipe.h"

namespace pano::train {

// Writes a Hugging Face folder: config.json, model.safetensors (in the recipe's dtype),
// tokenizer.json, tokenizer_config.json, generation_config.json. Tied embeddings are stored once.
Status WriteModelFolder(const std::string& folder, const LlamaModule& module,
                        const BpeVocabulary& vocabulary, const Recipe& recipe);

// The weights of such a folder as they are stored, in 32 bits.
Result<LlamaModule> ReadModelFolder(const std::string& folder);

}  // namespace pano::train
