#include "model/train/training_run.h"

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/train/base_model.h"
#include "model/train/open_data.h"
#include "model/train/parallel/gloo/gloo_group.h"
#include "model/train/process_members.h"
#include "model/train/run/events/curve_writer.h"
#include "model/train/run/events/event_writer.h"
#include "model/train/run/events/tensorboard_file.h"
#include "model/train/run/record/run_card.h"
#include "model/train/run/record/run_folder.h"
#include "model/train/run/record/run_lineage.h"
#include "model/train/session.h"
#include "model/train/torch_threads.h"

namespace pano::train {
namespace {

Result<DataFile> Describe(const Recipe& recipe, const std::string& key, const std::string& path) {
  Result<DataFile> file = DescribeDataFile(Env::Real(), ResolvePath(recipe, path));
  if (!file.ok()) return recipe.Wrong(key, file.error().message());
  // Which data version it is of; a data repository that cannot be read is no reason not to train.
  if (auto version = data::FindDataReference(ResolvePath(recipe, path)); version.ok()) file->version = *std::move(version);
  file->path = path;
  return file;
}

Result<std::vector<DataFile>> DescribeData(const Recipe& recipe) {
  std::vector<DataFile> files;
  for (const std::string& path : recipe.data.train) {
    PANO_ASSIGN_OR_RETURN(DataFile file, Describe(recipe, "data.train", path));
    files.push_back(std::move(file));
  }
  if (!recipe.data.validation.empty()) {
    PANO_ASSIGN_OR_RETURN(DataFile file,
                          Describe(recipe, "data.validation", recipe.data.validation));
    files.push_back(std::move(file));
  }
  return files;
}

// The sinks of a run. Remembers what the card says. Thread-safe.
class RunEvents final : public EventSink {
 public:
  // TensorBoard's file and the curves, of a run that has done `done` steps before.
  Status Open(const RunFolder& folder, int64_t done) {
    TensorBoardWriter::Options board;
    board.folder = folder.tensorboard();
    board.first_step = done > 0 ? done + 1 : 0;
    PANO_ASSIGN_OR_RETURN(std::unique_ptr<TensorBoardWriter> tensorboard,
                          TensorBoardWriter::Create(std::move(board)));
    out_.Add("TensorBoard file", std::move(tensorboard));
    PANO_ASSIGN_OR_RETURN(std::unique_ptr<CurveWriter> curves,
                          CurveWriter::Create(folder.path(), done));
    out_.Add("curves", std::move(curves));
    return {};
  }
  // Who watches hears what was said before, too.
  void Watch(std::unique_ptr<EventSink> sink) {
    MutexLock lock(mu_);
    for (const Event& event : early_) (void)sink->Write(event);
    early_.clear();
    watched_ = true;
    out_.Add("progress", std::move(sink));
  }

  Status Write(const Event& event) override {
    {
      MutexLock lock(mu_);
      if (const auto* step = std::get_if<StepEvent>(&event)) last_ = *step;
      if (const auto* done = std::get_if<DoneEvent>(&event)) done_ = *done;
      if (const auto* saved = std::get_if<CheckpointEvent>(&event)) {
        if (saved->status.ok()) last_whole_ = saved->step;
      }
      if (!watched_) early_.push_back(event);
    }
    return out_.Write(event);
  }

  void Tell(RunCard& card) {
    MutexLock lock(mu_);
    card.steps = done_.step;
    card.tokens = done_.tokens;
    if (last_.step > 0) card.train_loss = last_.loss;
    card.best_step = done_.best_step;
    if (done_.best_step >= 0) card.held_out_loss = done_.best_loss;
  }
  // The newest checkpoint that this session wrote; -1: none.
  int64_t last_whole() {
    MutexLock lock(mu_);
    return last_whole_;
  }

 private:
  EventFanOut out_;
  Mutex mu_;
  bool watched_ PANO_GUARDED_BY(mu_) = false;
  std::vector<Event> early_ PANO_GUARDED_BY(mu_);
  StepEvent last_ PANO_GUARDED_BY(mu_);
  DoneEvent done_ PANO_GUARDED_BY(mu_);
  int64_t last_whole_ PANO_GUARDED_BY(mu_) = -1;
};

// One process's part of a run. Confined to one thread.
class Run {
 public:
  Run(const Recipe& recipe, const RunOptions& options) : recipe_(recipe), options_(options) {}

  Status Execute() {
    PANO_ASSIGN_OR_RETURN(MemberSession members, MemberSession::Plan(options_.members));
    const int cores = std::max(1, AvailableCores() / members.local_processes());
    SetTorchThreads(options_.threads > 0 ? static_cast<int>(options_.threads) : cores);
    return members.End(Compute(members));
  }

 private:
  // All that can be refused is, before other processes are started or files written.
  Status Compute(MemberSession& session) {
    PANO_ASSIGN_OR_RETURN(BaseModel base, OpenBaseModel(recipe_));
    const std::string base_path = base.files.weights ? base.files.path : "";
    PANO_ASSIGN_OR_RETURN(record_.data, DescribeData(recipe_));
    PANO_ASSIGN_OR_RETURN(Trainer::Data data, OpenData(recipe_, base));
    record_.recipe = recipe_.text;
    record_.seed = recipe_.seed;
    record_.version = options_.version;
    record_.commit = options_.commit;
    record_.started = Clock::Real().UnixSeconds();
    record_.members = session.size();
    if (recipe_.batch.sequences < session.size()) {
      return recipe_.Wrong("batch.sequences",
                           StrCat("has not a row for each of ", session.size(), " members"));
    }
    const bool leads = session.rank() == 0;
    std::optional<RunFolder> folder;
    std::vector<std::string> notes;
    if (leads) {
      PANO_ASSIGN_OR_RETURN(RunFolder own, RunFolder::Open(Env::Real(), options_.out, record_,
                                                           options_.resume, &notes));
      folder.emplace(std::move(own));
    }
    PANO_RETURN_IF_ERROR(session.Join(
        options_.arguments, StrCat(recipe_.text, "\n", DataVersion(record_.data), "\n",
                                   options_.commit, "\n", options_.deterministic)));
    RunEvents events;
    if (leads && options_.watch_from_start) {
      events.Watch(options_.watch(/*steps=*/0, /*done=*/0));
    }
    std::unique_ptr<collective::Communicator> ring;
    std::optional<ProcessMembers> members;
    if (session.group()) {
      PANO_ASSIGN_OR_RETURN(ring, RingOf(session));
      members.emplace(ring ? ring.get() : session.group());
    }
    SessionOptions steps;
    steps.folder = options_.out;
    steps.resume = options_.resume;
    steps.deterministic = options_.deterministic;
    if (leads) steps.events = &events;
    if (members) steps.members = &*members;
    steps.stop = options_.terminated;
    steps.begins = [&](int64_t done, int64_t step_count) -> Status {
      if (!leads) return {};
      if (!options_.watch_from_start) events.Watch(options_.watch(step_count, done));
      for (const std::string& note : notes) (void)events.Write(NoteEvent{note});
      return events.Open(*folder, done);
    };
    Result<SessionEnd> end = RunSession(recipe_, std::move(base), std::move(data), steps);
    if (!end.ok()) return WithWhatStands(end.error(), events.last_whole());
    if (!leads || end->output.empty()) return {};
    const data::ModelLineage lineage = LineageOf(record_, base_path.empty() ? "" : std::string(BaseName(base_path)));
    const std::string lineage_text = data::LineageText(lineage);
    PANO_RETURN_IF_ERROR(WriteFile(JoinPath(end->output, data::kLineageFile), lineage_text));
    for (const HeadRecipe& head : recipe_.heads) {
      PANO_RETURN_IF_ERROR(WriteFile(JoinPath(JoinPath(end->output, head.name), data::kLineageFile), lineage_text));
    }
    return WriteFile(JoinPath(end->output, "README.md"), Card(events, base_path));
  }

  // c10d's ring, where it is asked for.
  Result<std::unique_ptr<collective::Communicator>> RingOf(MemberSession& session) const {
    if (!options_.gloo) return std::unique_ptr<collective::Communicator>();
    return CreateGlooGroup(session.group(), session.host(),
                           std::chrono::seconds(options_.members.timeout_s));
  }

  std::string Card(RunEvents& events, const std::string& base_path) const {
    RunCard card;
    card.name = recipe_.name.empty() ? std::string(BaseName(options_.out)) : recipe_.name;
    card.task = TaskName(recipe_.task);
    card.base_model = base_path.empty() ? "" : std::string(BaseName(base_path));
    card.adapter = recipe_.adapter.has_value();
    card.record = record_;
    events.Tell(card);
    return RunCardMarkdown(card);
  }

  // A failure says what is left of the run.
  static Status WithWhatStands(const Status& status, int64_t step) {
    if (step < 0) return status;
    return Status(status.code(),
                  StrCat(status.message(), "; the checkpoint of step ", step, " stands"))
        .WithReason(status.reason())
        .WithField(status.field());
  }

  const Recipe& recipe_;
  const RunOptions& options_;
  RunRecord record_;
};

}  // namespace

Status RunTraining(const Recipe& recipe, const RunOptions& options) {
  return Run(recipe, options).Execute();
}

}  // namespace pano::train
