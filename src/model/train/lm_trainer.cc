#include "model/train/lm_trainer.h"

#include <cmath>

#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/train/schedule.h"

namespace pano::train {
namespace {

constexpr int64_t kStepsPerReport = 20;

// Streams of random numbers that must not be the same one.
enum class Stream : uint64_t { kWeights = 1, kOrder = 2, kDropout = 3 };

uint64_t StreamSeed(uint64_t seed, Stream stream, int64_t step = 0) {
  auto bits = Philox(seed, static_cast<uint64_t>(step), static_cast<uint64_t>(stream));
  return (static_cast<uint64_t>(bits[0]) << 32) | bits[1];
}

AdamW::Options OptimizerOf(const LmRecipe::Training& t) {
  AdamW::Options options;
  options.beta1 = t.beta1;
  options.beta2 = t.beta2;
  options.weight_decay = t.weight_decay;
  return options;
}

}  // namespace

Result<std::unique_ptr<LmTrainer>> LmTrainer::Create(const LmRecipe& recipe, TrainingData data,
                                                 Options options) {
  PANO_ASSIGN_OR_RETURN(const ModelSpec spec, MakeModelSpec(recipe.model));
  int64_t tokens = 1;
  for (const TokenSequence& story : data.train) tokens += static_cast<int64_t>(story.size()) + 1;
  if (!TokenRows::Fills(tokens, recipe.training.rows, recipe.training.row_tokens)) {
    return InvalidArgument(StrCat("[train] ", tokens, " tokens are too few for steps of ",
                                  recipe.training.rows, " x ", recipe.training.row_tokens));
  }
  if (data.held_out.empty() || data.held_out_bytes == 0) {
    return InvalidArgument("[train] nothing is held out to measure on");
  }
  std::unique_ptr<LmTrainer> trainer(new LmTrainer(recipe, spec, std::move(data), std::move(options)));
  if (trainer->options_.resume) {
    PANO_ASSIGN_OR_RETURN(
        trainer->progress_,
        LoadCheckpoint(trainer->checkpoint_path(), trainer->module_, trainer->optimizer_));
  }
  return trainer;
}

LmTrainer::LmTrainer(const LmRecipe& recipe, const ModelSpec& spec, TrainingData data, Options options)
    : recipe_(recipe),
      options_(std::move(options)),
      held_out_(std::move(data.held_out)),
      held_out_bytes_(data.held_out_bytes),
      rows_(std::move(data.train), recipe.training.rows, recipe.training.row_tokens,
            StreamSeed(recipe.seed, Stream::kOrder)),
      module_(spec, StreamSeed(recipe.seed, Stream::kWeights)),
      optimizer_(&module_, OptimizerOf(recipe.training)),
      pool_(options_.threads),
      shards_(&module_, recipe.training.shards, &pool_),
      step_count_(recipe.training.epochs * rows_.steps_per_epoch()) {}

std::string LmTrainer::checkpoint_path() const {
  return JoinPath(options_.folder, "checkpoint.safetensors");
}
std::string LmTrainer::best_path() const { return JoinPath(options_.folder, "best.safetensors"); }

Result<double> LmTrainer::TrainStep(int64_t step, double learning_rate) {
  const LmRecipe::Training& t = recipe_.training;
  uint64_t seed = StreamSeed(recipe_.seed, Stream::kDropout, step);
  PANO_ASSIGN_OR_RETURN(double value,
                        shards_.Compute(rows_.Batch(step), t.row_tokens, t.dropout, seed));
  if (!std::isfinite(value)) {
    return InvalidArgument(
        StrCat("[train] the loss of step ", step, " is no number; lower learning_rate"));
  }
  optimizer_.ClipGradients(t.clip_norm);
  optimizer_.Step(learning_rate, step);
  return value;
}

Status LmTrainer::EvaluateAndSave(TrainingReport& report) {
  int64_t context = recipe_.model.context_length;
  Loss loss = Evaluate(module_, held_out_, context, context / 2);
  report.held_out_bits_per_byte = BitsPerByte(loss, held_out_bytes_);
  report.best = report.held_out_bits_per_byte < progress_.best_bits_per_byte;
  if (report.best) {
    progress_.best_bits_per_byte = report.held_out_bits_per_byte;
    progress_.best_step = progress_.step;
    progress_.evaluations_since_best = 0;
    PANO_RETURN_IF_ERROR(SaveWeights(best_path(), module_));
  } else {
    ++progress_.evaluations_since_best;
  }
  return SaveCheckpoint(checkpoint_path(), module_, optimizer_, progress_);
}

bool LmTrainer::unfinished() const {
  return progress_.step < step_count_ &&
         progress_.evaluations_since_best < recipe_.training.patience;
}

Status LmTrainer::Run() {
  const LmRecipe::Training& t = recipe_.training;
  Clock& clock = Clock::Real();
  const TimePoint start = clock.Now();
  const int64_t first = progress_.step;
  TimePoint last_report = start;
  double loss_sum = 0;
  int64_t loss_count = 0;
  while (unfinished()) {
    const int64_t step = progress_.step + 1;
    double rate =
        t.learning_rate * LearningRateFraction(step, step_count_, t.warmup_steps, t.final_fraction);
    PANO_ASSIGN_OR_RETURN(double loss, TrainStep(step, rate));
    progress_.step = step;
    loss_sum += loss;
    ++loss_count;
    const bool last =
        step == step_count_ || (options_.stop_after > 0 && step - first >= options_.stop_after);
    const bool evaluate = last || step % t.evaluate_every == 0;
    if (!evaluate && step % kStepsPerReport != 0) continue;

    TimePoint now = clock.Now();
    TrainingReport report;
    report.step = step;
    report.step_count = step_count_;
    report.epoch = static_cast<double>(step) / static_cast<double>(rows_.steps_per_epoch());
    report.loss = loss_sum / static_cast<double>(loss_count);
    report.learning_rate = rate;
    report.tokens_per_second =
        static_cast<double>(loss_count * t.rows * t.row_tokens) / Seconds(now - last_report);
    report.seconds_left = Seconds(now - start) / static_cast<double>(step - first) *
                          static_cast<double>(step_count_ - step);
    if (evaluate) PANO_RETURN_IF_ERROR(EvaluateAndSave(report));
    if (options_.report) options_.report(report);
    loss_sum = 0;
    loss_count = 0;
    last_report = clock.Now();
    if (last) break;
  }
  return OkStatus();
}

}  // namespace pano::train
