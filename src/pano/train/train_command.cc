#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/train/run/events/event_writer.h"
#include "model/train/run/events/progress_bar.h"
#include "model/train/training_run.h"
#include "pano/train/commands.h"
#include "pano/train/tokenizer_task.h"
#include "pano/version.h"

namespace pano::train {
namespace {

struct TrainOptions {
  std::string recipe;
  std::string out;
  bool resume = false;
  bool json = false;
  bool deterministic = false;
  int64_t threads = 0;
  MemberOptions members;
  std::string collective = "hub";
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

// How wide the terminal is.
int Columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::unique_ptr<EventSink> Watcher(bool json, int64_t step_count, int64_t done) {
  if (json) return std::make_unique<JsonEventWriter>(OutputOf(STDOUT_FILENO));
  ProgressBar::Options bar;
  bar.output = OutputOf(STDOUT_FILENO);
  bar.terminal = cli::StdoutIsTerminal();
  bar.columns = Columns();
  bar.total_steps = step_count;
  bar.first_step = done;
  return std::make_unique<ProgressBar>(std::move(bar));
}

// This process's own arguments, for others of the same run.
std::vector<std::string> OwnArguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<std::string> out;
  for (std::string_view part : Split(text, '\0')) out.emplace_back(part);
  if (!out.empty() && out.back().empty()) out.pop_back();  // each ends with a zero byte
  return out;
}

Status TrainModel(const TrainOptions& options, const Recipe& recipe) {
  RunOptions run;
  run.out = options.out;
  run.resume = options.resume;
  run.deterministic = options.deterministic;
  run.threads = options.threads;
  run.version = kVersion;
  run.commit = kCommit;
  run.arguments = OwnArguments();
  run.members = options.members;
  run.gloo = options.collective == "gloo";
  run.terminated = [] { return stop_asked.load(); };
  run.watch_from_start = options.json;
  run.watch = [&](int64_t steps, int64_t done) { return Watcher(options.json, steps, done); };
  return RunTraining(recipe, run);
}

Status Train(const TrainOptions& options) {
  PANO_ASSIGN_OR_RETURN(const Recipe recipe, LoadRecipe(options.recipe));
  if (recipe.task == Task::kTokenizer) {
    PANO_RETURN_IF_ERROR(MakeFolders(options.out));
    return TrainTokenizerTask(recipe, options.out, options.json, static_cast<int>(options.threads > 0 ? options.threads : AvailableCores()));
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
      .Int("threads", &options.threads, 0, 1024, "Threads that compute in each process (default: its share of the cores)")
      .Int("nproc", &options.members.processes, 1, kMembersMax, "Processes of this machine that share each step's rows")
      .String("rendezvous", &options.members.rendezvous, "Address of the first machine where all processes meet", "HOST:PORT")
      .Int("nodes", &options.members.nodes, 1, kMembersMax, "Machines of the run, each with --nproc processes")
      .Int("node-rank", &options.members.node, 0, kMembersMax - 1, "Number of this machine, from 0")
      .Int("member-timeout", &options.members.timeout_s, 1, 86'400, "End the run when a process has said nothing for so many seconds")
      .Choice("collective", &options.collective, {"hub", "gloo"}, "How large sums go: through the first process, or round c10d's Gloo ring");
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
  const Status status = Train(options);
  return status.ok() ? 0 : cli::Fail(self, status);
}

}  // namespace pano::train
