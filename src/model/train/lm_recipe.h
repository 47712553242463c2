#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/train/corpus.h"
#include "model/train/model_spec.h"

namespace pano::train {

// All that determines a trained model, read from a YAML file. A value.
struct LmRecipe {
  struct File {
    std::string path;  // below the data folder
    int64_t bytes = 0;
    std::string sha256;
    std::string source;
    std::string licence;
  };
  struct Training {
    int64_t epochs = 10;          // passes over the text
    int64_t rows = 8;             // sequences in a step
    int64_t row_tokens = 256;     // of one sequence
    int64_t shards = 2;           // parts of a step that run beside each other
    double learning_rate = 1e-3;  // at the end of the warm-up
    double final_fraction = 0.1;  // of it, at the end of the cosine
    int64_t warmup_steps = 100;
    double weight_decay = 0.1;
    double beta1 = 0.9;
    double beta2 = 0.99;
    double dropout = 0.1;
    double clip_norm = 1.0;
    int64_t evaluate_every = 200;  // steps
    int64_t patience = 5;          // evaluations without a better one, then training stops
  };
  struct Samples {
    std::vector<std::string> prompts;
    int64_t tokens = 200;
    double temperature = 0.7;
    double top_p = 0.95;
  };

  std::string name;
  uint64_t seed = 0;
  std::vector<File> files;
  double held_out = 0.1;  // fraction of the stories
  int64_t vocab_size = 2048;
  ModelSizes model;  // vocab_size is set when the vocabulary is learnt
  Training training;
  Samples samples;
  std::string dtype = "float16";  // of the stored weights: float32, float16, bfloat16
};

// SHA-256 (FIPS 180-4) of `bytes` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

// InvalidArgument that names the key when one is unknown, missing, of the wrong kind or out of
// range.
Result<LmRecipe> ParseLmRecipe(const std::string& yaml);
Result<LmRecipe> LoadLmRecipe(const std::string& path);

// The text of all the recipe's files, found below `data_folder` or, where given, in `paths` instead
// (which are used as they are). Corruption when a file of the recipe is not the one that it names.
Result<std::string> LoadText(const LmRecipe& recipe, const std::string& data_folder,
                             const std::vector<std::string>& paths);

}  // namespace pano::train
