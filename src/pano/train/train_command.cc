#include <atomic>
#include <csignal>
#include <cstdio>

#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/train/open_data.h"
#include "model/train/run/events/curve_writer.h"
#include "model/train/run/events/event_writer.h"
#include "model/train/run/events/progress_bar.h"
#include "model/train/run/events/tensorboard_file.h"
#include "model/train/session.h"
#include "model/train/torch_threads.h"
#include "pano/train/commands.h"
#include "pano/train/tokenizer_task.h"

namespace pano::train {
namespace {

struct TrainOptions {
  std::string recipe;
  std::string out;
  bool resume = false;
  bool json = false;
  bool deterministic = false;
  int64_t threads = AvailableCores();
};

std::atomic<bool> stop_asked{false};

void AskToStop(int) {
  // The second time a person means it.
  if (stop_asked.exchange(true)) std::_Exit(130);
}

Status MakeFolders(const std::string& path) {
  Env& env = Env::Real();
  if (IsDirectory(path)) return {};
  const std::string above(FolderName(path));
  if (above != path && above != "." && above != "/") PANO_RETURN_IF_ERROR(MakeFolders(above));
  return env.MakeFolder(path).Wrap(StrCat("make ", path));
}

// The sinks of a run that know where it begins.
Status AddRecords(const std::string& out, int64_t done, EventFanOut& events) {
  TensorBoardWriter::Options board;
  board.folder = JoinPath(out, "tensorboard");
  board.first_step = done;
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<TensorBoardWriter> tensorboard, TensorBoardWriter::Create(std::move(board)));
  events.Add("tensorboard", std::move(tensorboard));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<CurveWriter> curves, CurveWriter::Create(out, done));
  events.Add("curves", std::move(curves));
  return {};
}

Status TrainModel(const TrainOptions& options, const Recipe& recipe) {
  PANO_ASSIGN_OR_RETURN(BaseModel base, OpenBaseModel(recipe));
  PANO_ASSIGN_OR_RETURN(Trainer::Data data, OpenData(recipe, base));
  PANO_RETURN_IF_ERROR(MakeFolders(options.out));
  EventFanOut events;
  if (options.json) events.Add("standard output", std::make_unique<JsonEventWriter>(OutputOf(1)));
  SessionOptions session;
  session.folder = options.out;
  session.resume = options.resume;
  session.events = &events;
  session.deterministic = options.deterministic;
  session.stop = [] { return stop_asked.load(); };
  session.begins = [&](int64_t done, int64_t step_count) {
    if (!options.json) {
      ProgressBar::Options bar;
      bar.output = OutputOf(1);
      bar.terminal = cli::StdoutIsTerminal();
      bar.total_steps = step_count;
      bar.first_step = done;
      events.Add("progress", std::make_unique<ProgressBar>(std::move(bar)));
    }
    return AddRecords(options.out, done, events);
  };
  return RunSession(recipe, std::move(base), std::move(data), session).status();
}

Status Train(const TrainOptions& options) {
  PANO_ASSIGN_OR_RETURN(const Recipe recipe, LoadRecipe(options.recipe));
  if (recipe.task == Task::kTokenizer) {
    PANO_RETURN_IF_ERROR(MakeFolders(options.out));
    return TrainTokenizerTask(recipe, options.out, options.json, static_cast<int>(options.threads));
  }
  return TrainModel(options, recipe);
}

}  // namespace

int RunTrain(const cli::Command& self, cli::Args args) {
  TrainOptions options;
  OptionSet set;
  set.String("recipe", &options.recipe, "What to train: a YAML file (docs/training.md)", "FILE")
      .String("out", &options.out, "Folder for checkpoints and the result (default runs/ and the recipe's name)", "DIR")
      .Flag("resume", &options.resume, "Go on from the newest whole checkpoint in that folder, where there is one")
      .Flag("json", &options.json, "Print events as JSON, one object a line")
      .Flag("deterministic", &options.deterministic, "Add gradients in one order: the same bits whatever the number of processes")
      .Int("threads", &options.threads, 1, 1024, "Threads that compute");
  cli::Positionals positionals{.name = "FILE", .help = "The recipe, in place of --recipe", .min = 0, .max = 1, .values = {}};
  if (const auto code = cli::Parse(self, set, args, &positionals)) return *code;
  if (!positionals.values.empty()) {
    if (!options.recipe.empty()) return cli::FailUsage(self, "there are two recipes");
    options.recipe = positionals.values[0];
  }
  if (options.recipe.empty()) return cli::FailUsage(self, "--recipe FILE is missing");
  if (options.out.empty()) options.out = StrCat("runs/", Stem(options.recipe));
  std::signal(SIGTERM, AskToStop);
  std::signal(SIGINT, AskToStop);
  SetTorchThreads(static_cast<int>(options.threads));
  const Status status = Train(options);
  return status.ok() ? 0 : cli::Fail(self, status);
}

}  // namespace pano::train
