#pragma once

#include <string>
#include <vector>

#include "model/train/model_spec.h"
#include "model/train/lm_recipe.h"

namespace pano::train {

// A text that the model wrote, as it came.
struct WrittenSample {
  std::string prompt;
  std::string text;  // what follows the prompt
  uint64_t seed = 0;
  bool ended = false;  // by itself, with the end token
};

// What a run measured; bits per byte on the held-out stories.
struct TrainingFigures {
  size_t train_stories = 0, held_out_stories = 0;
  size_t train_bytes = 0, held_out_bytes = 0;
  size_t train_tokens = 0, held_out_tokens = 0;
  int64_t steps = 0, best_step = 0;
  double epochs = 0;         // at the best step
  double bits_per_byte = 0;  // of the weights as they are stored
  double perplexity_per_token = 0;
  double byte_ngram_bits_per_byte = 0;
  double token_ngram_bits_per_byte = 0;
  int ngram_order = 5;
};

// README.md of a model folder: what the model is, what it was trained on, what it measures, how it
// writes, what it is not for.
std::string ModelCard(const LmRecipe& recipe, const ModelSpec& model, const TrainingFigures& figures,
                      const std::vector<WrittenSample>& samples);

}  // namespace pano::train
