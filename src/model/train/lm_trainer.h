#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/threads.h"
#include "model/train/checkpoint.h"
#include "model/train/evaluation.h"
#include "model/train/lm_recipe.h"
#include "model/train/shards.h"
#include "model/train/token_rows.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// What a run learns from and is measured on.
struct TrainingData {
  std::vector<TokenSequence> train;     // stories without end tokens
  std::vector<TokenSequence> held_out;  // end token, story, end token
  size_t held_out_bytes = 0;
};

// What happened since the last report; for a person who watches.
struct TrainingReport {
  int64_t step = 0;
  int64_t step_count = 0;
  double epoch = 0;
  double loss = 0;  // nats per token, mean of the steps since the last report
  double learning_rate = 0;
  double tokens_per_second = 0;
  double seconds_left = 0;
  double held_out_bits_per_byte = 0;  // 0: not measured at this step
  bool best = false;                  // and it is the best so far
};

// One training run: from the first weights, or where it was left, to the best weights it finds.
// Confined to one thread.
class LmTrainer {
 public:
  struct Options {
    std::string folder;      // of checkpoint.safetensors and best.safetensors
    bool resume = false;     // go on from that checkpoint
    int threads = 2;         // that compute; they change the speed, not the result
    int64_t stop_after = 0;  // steps, then leave a checkpoint; 0: run to the end
    std::function<void(const TrainingReport&)> report;
  };

  static Result<std::unique_ptr<LmTrainer>> Create(const LmRecipe& recipe, TrainingData data,
                                                 Options options);

  // InvalidArgument when the loss is no number any more (the learning rate is too high).
  Status Run();

  TransformerModule& module() { return module_; }
  const Progress& progress() const { return progress_; }
  int64_t step_count() const { return step_count_; }
  // Steps are left and a better model may come of them.
  bool unfinished() const;
  // The best weights, as Run stored them.
  Status LoadBest() { return LoadWeights(best_path(), module_); }

 private:
  LmTrainer(const LmRecipe& recipe, const ModelSpec& spec, TrainingData data, Options options);
  std::string checkpoint_path() const;
  std::string best_path() const;
  Result<double> TrainStep(int64_t step, double learning_rate);
  Status EvaluateAndSave(TrainingReport& report);

  const LmRecipe recipe_;
  const Options options_;
  std::vector<TokenSequence> held_out_;
  size_t held_out_bytes_;
  TokenRows rows_;
  TransformerModule module_;
  AdamW optimizer_;
  ComputePool pool_;
  Shards shards_;
  Progress progress_;
  int64_t step_count_ = 0;
};

}  // namespace pano::train
