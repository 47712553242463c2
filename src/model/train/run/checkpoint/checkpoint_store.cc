#include "model/train/run/checkpoint/checkpoint_store.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/train/run/checkpoint/folder_writer.h"
#include "model/train/run/checkpoint/retention.h"

namespace pano::train {

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::Create(Options options) {
  PANO_CHECK(options.keep >= 1 && options.env);
  Status made = options.env->MakeFolder(options.folder);
  if (!made.ok() && made.code() != StatusCode::kAlreadyExists) return made.Wrap(options.folder);
  PANO_ASSIGN_OR_RETURN(const FileInfo info, options.env->Stat(options.folder).Wrap(options.folder));
  if (info.kind != FileInfo::Kind::kFolder) {
    return InvalidArgument(StrCat(options.folder, ": is no folder"));
  }
  RemoveUnfinishedCheckpoints(*options.env, options.folder);
  std::unique_ptr<CheckpointStore> store(new CheckpointStore(std::move(options)));
  CheckpointStore* self = store.get();
  store->writer_ = StartThread("pano-checkpoint",
                               [self](const std::stop_token& stop) { self->WriterLoop(stop); });
  return store;
}

CheckpointStore::~CheckpointStore() {
  {
    MutexLock lock(mu_);
    ends_ = true;
    changed_.NotifyAll();
  }
  if (writer_.joinable()) writer_.join();
}

void CheckpointStore::WriterLoop(const std::stop_token&) {
  while (true) {
    std::unique_ptr<OwnedContents> contents;
    TimePoint begin;
    {
      MutexLock lock(mu_);
      while (!pending_ && !ends_) changed_.Wait(mu_);
      if (!pending_) return;
      contents = std::move(pending_);
      begin = pending_since_;
      writing_ = true;
    }
    Write(contents->contents(), begin);
    contents.reset();  // before the next copy is made
    MutexLock lock(mu_);
    writing_ = false;
    changed_.NotifyAll();
  }
}

void CheckpointStore::Write(const CheckpointContents& contents, TimePoint begin) {
  CheckpointOutcome outcome;
  outcome.step = contents.step;
  outcome.folder = JoinPath(options_.folder, StepFolderName(contents.step));
  outcome.bytes = contents.bytes();
  outcome.status = WriteCheckpointFolder(*options_.env, options_.folder, contents);
  if (outcome.status.ok()) RemoveOld(contents);
  outcome.seconds = Seconds(Clock::Real().Now() - begin);
  {
    MutexLock lock(mu_);
    last_ = outcome.status;
  }
  if (options_.report) options_.report(outcome);
}

// What cannot be removed stays for the next time: it costs room, no more.
void CheckpointStore::RemoveOld(const CheckpointContents& contents) {
  const Result<std::vector<int64_t>> steps = Steps();
  if (!steps.ok()) return;
  for (int64_t step :
       StepsToRemove(*steps, contents.step, contents.best_step, options_.keep)) {
    (void)RemoveCheckpointFolder(*options_.env, options_.folder, step);
  }
}

Status CheckpointStore::Save(const CheckpointContents& contents) {
  PANO_RETURN_IF_ERROR(CheckContents(contents));
  const TimePoint begin = Clock::Real().Now();
  const bool at_once = !contents.owner && contents.bytes() > options_.copy_bytes_max;
  {
    MutexLock lock(mu_);
    while (pending_ || writing_) changed_.Wait(mu_);
    if (!at_once) {
      pending_ = std::make_unique<OwnedContents>(contents);
      pending_since_ = begin;
      changed_.NotifyAll();
      return {};
    }
  }
  Write(contents, begin);
  return {};
}

Status CheckpointStore::Wait() {
  MutexLock lock(mu_);
  while (pending_ || writing_) changed_.Wait(mu_);
  return last_;
}

Result<std::vector<int64_t>> CheckpointStore::Steps() const {
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        options_.env->List(options_.folder).Wrap(options_.folder));
  std::vector<int64_t> steps;
  for (const std::string& name : names) {
    if (const int64_t step = StepOfFolderName(name); step >= 0) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

Result<bool> CheckpointStore::Empty() const {
  PANO_ASSIGN_OR_RETURN(const std::vector<int64_t> steps, Steps());
  return steps.empty();
}

Result<StoredCheckpoint> CheckpointStore::Open(int64_t step) {
  return StoredCheckpoint::Open(*options_.env, JoinPath(options_.folder, StepFolderName(step)));
}

Result<std::optional<StoredCheckpoint>> CheckpointStore::LatestWhole(
    std::vector<std::string>* skipped) {
  PANO_ASSIGN_OR_RETURN(const std::vector<int64_t> steps, Steps());
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    Result<StoredCheckpoint> found = Open(*step);
    if (found.ok()) return std::optional<StoredCheckpoint>(std::move(found).value());
    if (skipped) skipped->push_back(found.error().message());
  }
  return std::optional<StoredCheckpoint>();
}

}  // namespace pano::train
