#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numbers>

#include "base/env.h"
#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"
#include "model/train/continuation.h"
#include "model/train/dataset.h"
#include "model/train/evaluation.h"
#include "model/train/model_card.h"
#include "model/train/model_folder.h"
#include "model/train/shards.h"
#include "model/train/lm_trainer.h"
#include "pano/train/commands.h"

namespace pano::train {
namespace {

struct LmOptions {
  std::string recipe;
  std::vector<std::string> data;
  std::string out;
  bool resume = false;
  int64_t threads = AvailableCores();
  int64_t stop_after = 0;
};

std::string TimeText(double seconds) {
  char buffer[32];
  auto total = static_cast<long>(seconds);
  std::snprintf(buffer, sizeof buffer, "%ld:%02ld", total / 60, total % 60);
  return buffer;
}

void PrintReport(const TrainingReport& r) {
  std::printf("step %ld/%ld  epoch %.2f  loss %.4f  lr %.2e  %.0f tok/s  %s left",
              static_cast<long>(r.step), static_cast<long>(r.step_count), r.epoch, r.loss,
              r.learning_rate, r.tokens_per_second, TimeText(r.seconds_left).c_str());
  if (r.held_out_bits_per_byte > 0) {
    std::printf("  held-out %.4f bits/byte%s", r.held_out_bits_per_byte, r.best ? " (best)" : "");
  }
  std::printf("\n");
}

// Held-out stories between end tokens, as they are scored.
std::vector<TokenSequence> BetweenEnds(const std::vector<TokenSequence>& stories) {
  std::vector<TokenSequence> out;
  for (const TokenSequence& story : stories) {
    TokenSequence sequence = {kEndTokenId};
    sequence.insert(sequence.end(), story.begin(), story.end());
    sequence.push_back(kEndTokenId);
    out.push_back(std::move(sequence));
  }
  return out;
}

TrainingFigures DataFigures(const Dataset& data) {
  TrainingFigures f;
  f.train_stories = data.stories.train.size();
  f.held_out_stories = data.stories.held_out.size();
  f.train_bytes = data.stories.train_bytes;
  f.held_out_bytes = data.stories.held_out_bytes;
  f.train_tokens = data.train_token_count;
  f.held_out_tokens = data.held_out_token_count;
  f.byte_ngram_bits_per_byte = ByteNgramBitsPerByte(data, f.ngram_order);
  f.token_ngram_bits_per_byte = TokenNgramBitsPerByte(data, f.ngram_order);
  return f;
}

Result<std::vector<WrittenSample>> WriteSamples(const TransformerModule& module,
                                                const Dataset& data, const LmRecipe& recipe) {
  std::vector<WrittenSample> out;
  SampleOptions options;
  options.tokens = recipe.samples.tokens;
  options.temperature = recipe.samples.temperature;
  options.top_p = recipe.samples.top_p;
  for (const std::string& prompt : recipe.samples.prompts) {
    options.seed = out.size() + 1;
    PANO_ASSIGN_OR_RETURN(TokenSequence ids, data.tokenizer->Encode(prompt));
    TokenSequence written = Sample(module, ids, options);
    WrittenSample sample;
    sample.prompt = prompt;
    sample.seed = options.seed;
    sample.ended = static_cast<int64_t>(written.size()) < options.tokens;
    PANO_ASSIGN_OR_RETURN(sample.text, data.tokenizer->Decode(written, true));
    std::printf("\n--- %s%s\n", prompt.c_str(), sample.text.c_str());
    out.push_back(std::move(sample));
  }
  return out;
}

// The folder that serving reads, measured as it is stored.
Status Finish(const LmRecipe& recipe, const Dataset& data, LmTrainer& trainer, TrainingFigures figures,
              const std::string& folder) {
  PANO_RETURN_IF_ERROR(trainer.LoadBest());
  PANO_RETURN_IF_ERROR(WriteModelFolder(folder, trainer.module(), data.vocabulary, recipe));
  PANO_ASSIGN_OR_RETURN(TransformerModule stored, ReadModelFolder(folder));
  const int64_t context = recipe.model.context_length;
  Loss loss = Evaluate(stored, BetweenEnds(data.held_out), context, context / 2);
  figures.bits_per_byte = BitsPerByte(loss, figures.held_out_bytes);
  figures.perplexity_per_token = std::exp(loss.nats / static_cast<double>(loss.tokens));
  figures.steps = trainer.progress().step;
  figures.best_step = trainer.progress().best_step;
  figures.epochs = static_cast<double>(figures.best_step) *
                   static_cast<double>(recipe.training.epochs) /
                   static_cast<double>(trainer.step_count());
  PANO_ASSIGN_OR_RETURN(std::vector<WrittenSample> samples, WriteSamples(stored, data, recipe));
  PANO_RETURN_IF_ERROR(
      WriteFile(JoinPath(folder, "README.md"), ModelCard(recipe, stored.spec(), figures, samples)));
  std::printf("\n%s: %.4f bits/byte on held-out text; %d-gram of bytes %.4f, of tokens %.4f\n",
              folder.c_str(), figures.bits_per_byte, figures.ngram_order,
              figures.byte_ngram_bits_per_byte, figures.token_ngram_bits_per_byte);
  return OkStatus();
}

Status TrainLm(const LmOptions& options) {
  PANO_ASSIGN_OR_RETURN(LmRecipe recipe, LoadLmRecipe(options.recipe));
  PANO_ASSIGN_OR_RETURN(Dataset data, LoadDataset(recipe, options.data));
  recipe.model.vocab_size = static_cast<int64_t>(data.vocabulary.size());
  PANO_ASSIGN_OR_RETURN(const ModelSpec spec, MakeModelSpec(recipe.model));
  TrainingFigures figures = DataFigures(data);
  std::printf("%s: %zu stories, %zu tokens to train on; %zu stories, %zu bytes held out\n",
              recipe.name.c_str(), figures.train_stories, figures.train_tokens,
              figures.held_out_stories, figures.held_out_bytes);
  std::printf(
      "%ld parameters, vocabulary %ld; 5-gram baselines: bytes %.4f, tokens %.4f bits/byte\n",
      static_cast<long>(spec.parameter_count()), static_cast<long>(recipe.model.vocab_size),
      figures.byte_ngram_bits_per_byte, figures.token_ngram_bits_per_byte);

  std::string out = options.out.empty() ? StrCat("runs/", recipe.name) : options.out;
  std::string folder = JoinPath(out, "model");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Status(StatusCode::kUnavailable, StrCat(folder, ": ", error.message()));

  TrainingData training{data.train, BetweenEnds(data.held_out), figures.held_out_bytes};
  LmTrainer::Options trainer_options;
  trainer_options.folder = out;
  trainer_options.resume = options.resume;
  trainer_options.threads = static_cast<int>(options.threads);
  trainer_options.stop_after = options.stop_after;
  trainer_options.report = PrintReport;
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<LmTrainer> trainer,
                        LmTrainer::Create(recipe, std::move(training), std::move(trainer_options)));
  PANO_RETURN_IF_ERROR(trainer->Run());
  if (trainer->unfinished()) {
    std::printf("stopped after %ld steps; go on with --resume\n",
                static_cast<long>(trainer->progress().step));
    return OkStatus();
  }
  return Finish(recipe, data, *trainer, figures, folder);
}

}  // namespace

int RunLm(const cli::Command& self, cli::Args args) {
  LmOptions options;
  OptionSet set;
  set.String("recipe", &options.recipe, "What to train: a YAML file", "FILE")
      .Strings("data", &options.data, "Text files instead of those that the recipe names", "FILE")
      .String("out", &options.out, "Folder for checkpoints and the model (default runs/NAME)",
              "DIR")
      .Flag("resume", &options.resume, "Go on from the last checkpoint in that folder")
      .Int("threads", &options.threads, 1, 1024, "Threads that compute")
      .Int("stop-after", &options.stop_after, 0, 1'000'000'000,
           "Stop after so many steps with a checkpoint");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (options.recipe.empty()) return cli::FailUsage(self, "--recipe FILE is missing");
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
  SetTorchThreads(1);  // the parts of a step run beside each other instead
  Status status = TrainLm(options);
  return status.ok() ? 0 : cli::Fail(self, status);
}

}  // namespace pano::train
