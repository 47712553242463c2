#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/tokenizer/train/merged_vocabulary.h"
#include "model/tokenizer/train/seed_pieces.h"
#include "model/tokenizer/train/tokenizer_recipe.h"

namespace pano::tokenizer {

// The parts of a Hugging Face tokenizer.json that a recipe decides before any text is read. Null for
// none.
json::Value NormalizerJson(const TokenizerRecipe& recipe);
json::Value PreTokenizerJson(const TokenizerRecipe& recipe);

// The whole file, as HF tokenizers and our loader read it. It has no post-processor: what is put around
// a text belongs to the model that uses the vocabulary.
json::Value TokenizerFileJson(const TokenizerRecipe& recipe, const MergedVocabulary& vocabulary);
json::Value TokenizerFileJson(const TokenizerRecipe& recipe, const std::vector<ScoredPiece>& pieces);

}  // namespace pano::tokenizer
