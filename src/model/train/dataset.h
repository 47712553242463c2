#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/fwd.h"
#include "model/train/bpe_trainer.h"
#include "model/train/corpus.h"
#include "model/train/lm_recipe.h"
#include "model/train/token_rows.h"

namespace pano::train {

// A recipe's text, split and as tokens of the vocabulary that was learnt from its training part.
struct Dataset {
  HeldOutSplit stories;
  BpeVocabulary vocabulary;
  tokenizer::TokenizerPtr tokenizer;  // the one that is stored with the model
  std::vector<TokenSequence> train;   // without end tokens
  std::vector<TokenSequence> held_out;
  size_t train_token_count = 0;  // without end tokens
  size_t held_out_token_count = 0;
};

// `paths` replace the recipe's files, which are looked for below the data folder:
// $PANO_SHARED/data, else the folder `shared/data` beside the checkout.
Result<Dataset> LoadDataset(const LmRecipe& recipe, const std::vector<std::string>& paths);

// Bits per byte of the held-out stories under an n-gram model of the training stories.
double ByteNgramBitsPerByte(const Dataset& dataset, int order);
double TokenNgramBitsPerByte(const Dataset& dataset, int order);

}  // namespace pano::train
