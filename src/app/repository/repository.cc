#include "app/repository/repository.h"

#include <algorithm>
#include <utility>

#include "app/repository/adapter_scan.h"
#include "app/repository/refusals.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::repository {

using models::LoadState;
using models::ModelTarget;
using models::ModelVersionPtr;
using models::VersionStatus;

namespace {

constexpr Duration kLeavePoll = std::chrono::milliseconds(20);
constexpr Duration kProgressPoll = std::chrono::milliseconds(200);
// A client that was told to come back finds its model wanted for that long.
constexpr Duration kWantedBeyondWait = std::chrono::seconds(60);

}  // namespace

const model_settings::ModelSettings& Repository::SettingsOf(const std::string& id) const {
  static const model_settings::ModelSettings kNone;
  const auto settings = settings_.find(id);
  return settings == settings_.end() ? kNone : settings->second.settings();
}

void Repository::TakeSettings(const FoundModel& model, std::set<std::string>& problems) {
  model_settings::SettingsInForce& settings = settings_[model.id];
  const Result<model_settings::Changes> changes = settings.Look(
      model.settings_read.ok() ? Result<std::string>(model.settings) : Result<std::string>(model.settings_read));
  if (!settings.problem().empty()) {
    problems.insert(StrCat(model.settings_path, ": ", settings.problem(),
                           settings.usable() ? "; what was in force before stays so" : "; the model is not loaded"));
  }
  if (!changes.ok() || !changes->of_versions() || !hooks_.configure) return;
  for (auto it = versions_.lower_bound({model.id, ""}); it != versions_.end() && it->first.first == model.id; ++it) {
    if (it->second.serving) hooks_.configure(it->second.serving, settings.settings());
  }
}

Repository::Repository(Options options, Hooks hooks, models::ModelHost& host, Env& env, Clock& clock,
                       FileStamps stamps)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      host_(host),
      env_(env),
      clock_(clock),
      stamps_(std::move(stamps)) {}

Result<std::unique_ptr<Repository>> Repository::Start(Options options, Hooks hooks, models::ModelHost& host,
                                                      Env& env, Clock& clock, FileStamps stamps) {
  PANO_CHECK(hooks.load);
  std::vector<PinnedAdapter> pinned_adapters = std::exchange(options.adapters, {});
  std::unique_ptr<Repository> repository(new Repository(std::move(options), std::move(hooks), host, env, clock,
                                                        std::move(stamps)));
  const TimePoint now = clock.Now();
  for (PinnedAdapter& pinned : pinned_adapters) {
    Version& version = repository->versions_[{pinned.loaded->id, pinned.loaded->version}];
    version.pinned_base = std::move(pinned.base);
    version.found = {.target = {pinned.loaded->id, pinned.loaded->version}, .path = pinned.source.path,
                     .content = pinned.content};
    version.content_since = version.last_used = now;
    version.serving = std::move(pinned.loaded);
    version.serving_content = pinned.content;
  }
  Scan scan;
  if (const std::string& folder = repository->options_.folder; !folder.empty()) {
    PANO_ASSIGN_OR_RETURN(scan, ScanFolder(folder, env, repository->stamps_, repository->options_.limits));
  }
  repository->TakeScan(scan, now);
  repository->Publish(clock.Now());
  Repository* self = repository.get();
  repository->loader_ = StartThread("pano-loader", [self](const std::stop_token& stop) { self->RunLoader(stop); });
  repository->actor_ = StartThread("pano-repository", [self](const std::stop_token& stop) { self->RunActor(stop); });
  return repository;
}

Repository::~Repository() { Stop(); }

void Repository::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
    job_changed_.NotifyAll();
  }
  actor_ = {};
  loader_ = {};
}

std::vector<VersionStatus> Repository::List() const {
  MutexLock lock(mu_);
  return published_;
}

bool Repository::Keeps(const ModelTarget& target) const {
  const std::vector<VersionStatus> versions = Versions(target.id);
  return std::any_of(versions.begin(), versions.end(),
                     [&](const VersionStatus& one) { return one.target == target; });
}

std::vector<VersionStatus> Repository::Versions(std::string_view id) const {
  MutexLock lock(mu_);
  std::vector<VersionStatus> of_model;
  const auto first = std::lower_bound(published_.begin(), published_.end(), id,
                                      [](const VersionStatus& v, std::string_view wanted) { return v.target.id < wanted; });
  for (auto it = first; it != published_.end() && it->target.id == id; ++it) of_model.push_back(*it);
  return of_model;
}

void Repository::Send(Command command) {
  {
    MutexLock lock(mu_);
    if (!stopping_) {
      commands_.push_back(std::move(command));
      changed_.NotifyAll();
      return;
    }
  }
  command.done({.status = Unavailable("the server is stopping", "draining")});
}

void Repository::Await(const ModelTarget& target, Done done) {
  Send({Command::Kind::kAwait, target, std::move(done)});
}
void Repository::Load(const std::string& id, const std::string& version, Done done) {
  Send({Command::Kind::kLoad, {id, version}, std::move(done)});
}
void Repository::Unload(const std::string& id, const std::string& version, Done done) {
  Send({Command::Kind::kUnload, {id, version}, std::move(done)});
}

void Repository::RunLoader(const std::stop_token& /*stop*/) {
  while (true) {
    LoadJob job;
    {
      MutexLock lock(mu_);
      while (!job_ && !stopping_) job_changed_.Wait(mu_);
      if (stopping_) return;
      job = *job_;
    }
    Result<ModelVersionPtr> version = hooks_.load(job);
    MutexLock lock(mu_);
    job_.reset();
    finished_.push_back({std::move(job.target), std::move(version)});
    changed_.NotifyAll();
  }
}

void Repository::RunActor(const std::stop_token& /*stop*/) {
  TimePoint next_look = clock_.Now();
  while (true) {
    std::vector<Command> commands;
    std::vector<Finished> finished;
    {
      MutexLock lock(mu_);
      if (stopping_) break;
      commands.swap(commands_);
      finished.swap(finished_);
    }
    TimePoint now = clock_.Now();
    if (now >= next_look) {
      Look();
      next_look = (now = clock_.Now()) + options_.poll;
    }
    for (Finished& one : finished) Take(std::move(one), now);
    for (Command& one : commands) Take(std::move(one), now);
    WatchServing(now);
    LetGo(now);
    std::vector<Version*> order;
    const std::vector<VersionView> views = MakeViews(order, now);
    for (const Action& action : Decide(views, options_.decision, now)) Apply(action, order, now);
    ExpireWaiters(now);
    ForgetGone();
    Publish(now);
    FlushCalls();
    TimePoint until = next_look;
    for (const auto& [key, version] : versions_) {
      if (!version.leaving.empty()) until = std::min(until, now + kLeavePoll);
      if (version.loading) until = std::min(until, now + kProgressPoll);
      for (const Waiter& waiter : version.waiting) until = std::min(until, waiter.until);
    }
    MutexLock lock(mu_);
    while (commands_.empty() && finished_.empty() && !stopping_) {
      if (!clock_.WaitUntil(changed_, mu_, until)) break;
    }
  }
  const Refusal stopping{.status = Unavailable("the server is stopping", "draining")};
  for (auto& [key, version] : versions_) {
    AnswerWaiters(version, stopping);
    Answer(version.loads, stopping);
    Answer(version.unloads, stopping);
  }
  std::vector<Command> late;
  {
    MutexLock lock(mu_);
    late.swap(commands_);
  }
  for (Command& command : late) calls_.emplace_back(std::move(command.done), stopping);
  FlushCalls();
}

void Repository::Look() {
  if (options_.folder.empty()) return TakeScan({}, clock_.Now());
  Result<Scan> scan = ScanFolder(options_.folder, env_, stamps_, options_.limits);
  if (!scan.ok()) {
    // A share that is away for a while takes no model with it.
    if (told_.insert(scan.error().message()).second) {
      LogError("[models] ", scan.error().message(), ": what is loaded goes on");
    }
    return;
  }
  TakeScan(*scan, clock_.Now());
}

void Repository::TakeScan(const Scan& scan, TimePoint now) {
  std::set<std::string> problems(scan.problems.begin(), scan.problems.end());
  std::set<std::string> ids;
  for (auto& [key, version] : versions_) version.present = false;
  for (const auto& [id, model] : models_) ids.insert(id);
  models_.clear();
  for (const FoundModel& model : scan.models) {
    if (options_.taken.contains(model.id)) {
      problems.insert(StrCat(options_.folder, ": a model '", model.id, "' is served from elsewhere"));
      continue;
    }
    for (const FoundVersion& found : model.versions) {
      Version& version = versions_[{found.target.id, found.target.version}];
      // An adapter of that name goes first.
      if (!version.is_adapter()) See(version, found, now);
    }
    TakeSettings(model, problems);
    models_.emplace(model.id, model);
    ids.insert(model.id);
  }
  std::erase_if(settings_, [&](const auto& entry) { return !models_.contains(entry.first); });
  for (const auto& [adapter, model] : named_) ids.insert(adapter);
  TakeAdapters(problems, now);
  for (const auto& [adapter, model] : named_) ids.insert(adapter);
  for (const std::string& id : ids) {
    const auto adapter = named_.find(id);
    if (adapter == named_.end()) ChooseDesired(id);
    TellHost(id, adapter == named_.end() ? id : adapter->second);
  }
  for (const std::string& problem : problems) {
    if (told_.count(problem) == 0) LogWarning("[models] ", problem);
  }
  told_ = std::move(problems);
}

void Repository::See(Version& version, const FoundVersion& found, TimePoint now) {
  const bool first = version.content_since == TimePoint();
  if (first) {
    const int64_t age = clock_.UnixSeconds() - found.changed_unix_ns / 1'000'000'000;
    version.seen_quiet = found.changed_unix_ns > 0 && age > SecondsUp(options_.quiet);
  }
  if (first || version.found.content != found.content) {
    version.content_since = now;
    if (!first) version.seen_quiet = false;
  }
  version.found = found;
  version.present = true;
}

// Those that labels name and those of the policy; of the highest ones, as long as one does not load, the
// next one, too.
void Repository::ChooseDesired(const std::string& id) {
  using Kind = model_settings::VersionPolicy::Kind;
  std::vector<Version*> lowest_first;
  const auto model = models_.find(id);
  if (model != models_.end()) {
    for (const FoundVersion& found : model->second.versions) {
      lowest_first.push_back(&versions_.at({id, found.target.version}));
      lowest_first.back()->desired = false;
    }
  }
  const TimePoint now = clock_.Now();
  const model_settings::ModelSettings& settings = SettingsOf(id);
  const model_settings::VersionPolicy& policy = settings.version_policy;
  // Labels say which versions serve; the policy's default would add the highest, which none of them may mean.
  const bool labels_decide = !settings.labels.empty() && policy == model_settings::VersionPolicy();
  int64_t left = labels_decide ? 0 : policy.num_versions;
  for (auto it = lowest_first.rbegin(); it != lowest_first.rend(); ++it) {
    Version& version = **it;
    if (!Settled(version, now)) continue;
    const std::string& name = version.found.target.version;
    const bool labelled = std::any_of(settings.labels.begin(), settings.labels.end(),
                                      [&](const model_settings::Label& label) { return label.version == name; });
    const bool specific = std::find(policy.versions.begin(), policy.versions.end(), name) != policy.versions.end();
    version.desired = labelled || policy.kind == Kind::kAll || (policy.kind == Kind::kSpecific && specific);
    if (policy.kind != Kind::kLatest || left == 0) continue;
    version.desired = true;
    if (version.serving || !HasFailed(version)) --left;
  }
}

void Repository::TellHost(const std::string& id, const std::string& model) {
  std::vector<std::string> versions;
  if (const auto found = models_.find(model); found != models_.end()) {
    for (const FoundVersion& version : found->second.versions) versions.push_back(version.target.version);
  }
  models::VersionRoutes routes;
  for (const model_settings::Label& label : SettingsOf(model).labels) {
    routes.labels[label.name] = label.version;
    if (label.weight > 0 && label.name != "stable") routes.shares.push_back({label.version, label.weight});
  }
  host_.SetKnown(id, std::move(versions), std::move(routes), id == model ? "" : model);
}

// What is gone from the disk and from memory.
void Repository::ForgetGone() {
  for (auto it = versions_.begin(); it != versions_.end();) {
    Version& version = it->second;
    if (version.present || version.serving || version.loading || !version.leaving.empty()) {
      ++it;
      continue;
    }
    const Refusal gone{.status = NotFound(StrCat("the model '", it->first.first, "' does not exist here"))
                                     .WithReason("model_not_found")
                                     .WithField("model")};
    AnswerWaiters(version, gone);
    Answer(version.loads, gone);
    Answer(version.unloads, {});
    it = versions_.erase(it);
  }
}

void Repository::Answer(std::vector<Done>& whom, const Refusal& with) {
  for (Done& done : whom) calls_.emplace_back(std::move(done), with);
  whom.clear();
}

void Repository::AnswerWaiters(Version& version, const Refusal& with) {
  for (Waiter& waiter : version.waiting) calls_.emplace_back(std::move(waiter.done), with);
  version.waiting.clear();
}

void Repository::Take(Command command, TimePoint now) {
  const auto& [id, wanted] = command.target;
  std::vector<Version*> meant;
  for (auto it = versions_.lower_bound({id, ""}); it != versions_.end() && it->first.first == id; ++it) {
    Version& version = it->second;
    const Version* const base = BaseVersion(version);
    const bool desired = base ? base->desired || base->serving : version.desired;
    const bool named = wanted == it->first.second;
    const bool by_default = wanted.empty() && (desired || version.serving || command.kind == Command::Kind::kUnload);
    if (version.present && !version.pinned() && (named || by_default)) meant.push_back(&version);
  }
  if (meant.empty()) {
    calls_.emplace_back(std::move(command.done),
                        Refusal{.status = NotFound(StrCat("the model '", Printable(id), wanted.empty() ? "" : "@",
                                                          Printable(wanted), "' does not exist here"))
                                              .WithReason("model_not_found")
                                              .WithField("model")});
    return;
  }
  // Of several the last one answers: all of them have their own turn.
  for (size_t i = 0; i < meant.size(); ++i) {
    Version& version = *meant[i];
    Done done = i + 1 == meant.size() ? std::move(command.done) : Done();
    switch (command.kind) {
      case Command::Kind::kUnload:
        version.stopped = version.parked = true;
        version.asked = false;
        version.wanted_since.reset();
        if (done) version.unloads.push_back(std::move(done));
        break;
      case Command::Kind::kLoad:
        TakeLoad(version, std::move(done), now);
        break;
      case Command::Kind::kAwait:
        TakeAwait(version, std::move(done), now);
        break;
    }
  }
}

// `done` may be empty.
void Repository::TakeLoad(Version& version, Done done, TimePoint now) {
  version.stopped = version.parked = false;
  version.asked = true;
  version.failed_content.reset();  // whoever asks knows why it may load now
  const bool there = version.serving && version.serving_content == ContentOf(version) && !version.broken;
  const Version* const base = BaseVersion(version);
  const bool complete = version.loading || (Settled(version, now) && !(base && !base->serving && Hopeless(*base, now)));
  if (!complete && version.base) version.asked = false;
  if (!done) return;
  if (there || !complete) {
    calls_.emplace_back(std::move(done), there ? Refusal{} : RefusalOf(version, now));
  } else {
    version.loads.push_back(std::move(done));
  }
}

void Repository::TakeAwait(Version& version, Done done, TimePoint now) {
  if (version.serving) {
    version.last_used = now;
    calls_.emplace_back(std::move(done), Refusal{});
    return;
  }
  const Version* const base = BaseVersion(version);
  if (Hopeless(version, now) || (base && !base->serving && Hopeless(*base, now))) {
    calls_.emplace_back(std::move(done), RefusalOf(version, now));
    return;
  }
  if (version.waiting.size() >= options_.waiting_max) {
    Refusal refusal = RefusalOf(version, now);
    refusal.status = Unavailable(StrCat("the model '", version.found.target.FullName(), "' is not loaded yet, and ",
                                        options_.waiting_max, " requests wait for it already"),
                                 "model_loading");
    calls_.emplace_back(std::move(done), std::move(refusal));
    return;
  }
  if (!version.wanted_since) version.wanted_since = now;
  version.wanted_until = now + options_.load_wait + kWantedBeyondWait;
  version.waiting.push_back({now, now + options_.load_wait, std::move(done)});
}

void Repository::Take(Finished finished, TimePoint now) {
  const auto it = versions_.find({finished.target.id, finished.target.version});
  PANO_CHECK(it != versions_.end());  // what loads is not forgotten
  Version& version = it->second;
  version.loading = false;
  const bool bound_to_old = finished.version.ok() && version.base &&
                            models::BaseOf(**finished.version) != ServingBase(version);
  if (bound_to_old) {
    LogInfo("[models] ", version.found.target.FullName(), ": the model that it changes was replaced meanwhile");
  } else if (finished.version.ok()) {
    if (!version.is_adapter()) speed_.Learn(version.found.weight_bytes, now - version.loading_since);
    Loaded(version, std::move(finished.version).value(), now);
  } else {
    Failed(version, finished.version.error(), now);
  }
  ChooseDesired(finished.target.id);
}

void Repository::Loaded(Version& version, ModelVersionPtr loaded, TimePoint now) {
  LogInfo("[models] ", loaded->FullName(), ": ", loaded->path, version.is_adapter() ? ", adapter" : loaded->Summary(),
          ", loaded in ",
          static_cast<int64_t>(Milliseconds(now - version.loading_since)), " ms");
  if (version.serving) Retire(version, now);
  version.serving = loaded;
  version.serving_content = version.loading_content;
  version.serving_number = ++loads_;
  version.serving_uses = loaded->uses();
  version.last_used = now;
  version.known_bytes = loaded->weight_bytes + loaded->state_bytes;
  version.broken = false;
  version.failed_content.reset();
  version.retry_delay = Duration::zero();
  version.reason.clear();
  version.parked = false;
  version.wanted_since.reset();
  if (hooks_.configure && !version.is_adapter()) hooks_.configure(loaded, SettingsOf(loaded->id));
  (void)host_.Put(std::move(loaded));  // Retire has the one before
  AnswerWaiters(version, {});
  Answer(version.loads, {});
}

void Repository::Failed(Version& version, const Status& why, TimePoint now) {
  version.failed_content = version.loading_content;
  version.retry_delay = std::clamp<Duration>(version.retry_delay * 2, options_.retry_first, options_.retry_most);
  version.retry_at = now + version.retry_delay;
  version.reason = why.message();
  version.wanted_since.reset();
  version.asked = false;
  LogError("[models] ", version.found.target.FullName(), " is not loaded: ", why.message(),
           !version.serving        ? ""
           : IsLeftBehind(version) ? "; what is there goes with the model that has been replaced"
                                   : "; the version that is there goes on",
           "; next try in ",
           SecondsUp(version.retry_delay), " s, or when its files change");
  if (IsLeftBehind(version)) {  // the model's old copy goes, and that of the adapter with it
    (void)host_.Remove(version.found.target);
    Retire(version, now);
  }
  const Refusal refusal = RefusalOf(version, now);
  AnswerWaiters(version, refusal);
  if (!version.serving) {
    for (Version* adapter : AdaptersOf(version)) Refuse(*adapter, RefusalOf(*adapter, now));
  }
  // The operator hears what it is, not that it may be tried again.
  Answer(version.loads, {.status = why.Wrap(StrCat("the model '", version.found.target.FullName(), "' cannot be loaded"))
                                       .WithReason("model_failed")});
}

// Whoever waits for it is told.
void Repository::Refuse(Version& version, const Refusal& refusal) {
  AnswerWaiters(version, refusal);
  Answer(version.loads, refusal);
  version.asked = false;
  version.wanted_since.reset();
}

// Takes the copy that serves out of service; its requests may end.
void Repository::Retire(Version& version, TimePoint now) {
  version.leaving.push_back(std::exchange(version.serving, nullptr));
  version.leave_until = now + options_.drain;
  version.broken = false;
}

void Repository::WatchServing(TimePoint now) {
  for (auto& [key, version] : versions_) {
    if (!version.serving) continue;
    if (IsBusy(version.serving, 2) || version.serving->uses() != version.serving_uses) version.last_used = now;
    version.serving_uses = version.serving->uses();
    // An adapter reads no files of its own; those of its model are the model's business.
    version.broken = !version.is_adapter() && !version.serving->CheckFiles().ok();
  }
}

// Frees copies that have no requests left: adapters first, then what they compute with.
void Repository::LetGo(TimePoint now) {
  for (const bool adapters : {true, false}) {
    for (auto& [key, version] : versions_) {
      if (version.is_adapter() == adapters) LetGoOf(version, now);
    }
  }
}

void Repository::LetGoOf(Version& version, TimePoint now) {
  std::erase_if(version.leaving, [&](ModelVersionPtr& copy) {
    // An adapter's requests are in its model's engine and go on there; they end when that one has to go.
    if (now >= version.leave_until && !version.is_adapter()) {
      RetireAdaptersOf(copy, "the model that it changes had to go", now);
      if (!copy->service().Drain(Duration::zero())) {
        LogWarning("[models] ", copy->FullName(), ": requests were cancelled, it had to go");
      }
    }
    if (IsBusy(copy, 1) || (!version.is_adapter() && HasAdapters(copy))) return false;
    if (hooks_.unloaded && !version.is_adapter()) hooks_.unloaded(*copy);
    LogInfo("[models] ", copy->FullName(), " is unloaded");
    copy.reset();
    return true;
  });
  if (version.leaving.empty() && !version.serving) Answer(version.unloads, {});
}

void Repository::ExpireWaiters(TimePoint now) {
  for (auto& [key, version] : versions_) {
    std::erase_if(version.waiting, [&](Waiter& waiter) {
      if (now < waiter.until) return false;
      calls_.emplace_back(std::move(waiter.done), RefusalOf(version, now));
      return true;
    });
    if (version.wanted_since && now >= version.wanted_until) version.wanted_since.reset();
  }
}

void Repository::ApplyRefusal(Version& version, const std::string& reason, TimePoint now) {
  version.reason = reason;
  const auto refuse = [&](Version& whom) {
    Refuse(whom, {.status = Status(StatusCode::kExhausted, StrCat("the model '", whom.found.target.FullName(),
                                                                  "' cannot be loaded: ", reason))
                                .WithReason("no_memory")
                                .WithField("model"),
                  .retry_after_seconds = 60});
  };
  if (version.asked || !version.waiting.empty()) refuse(version);
  version.wanted_since.reset();
  if (IsLeftBehind(version)) RetireAdaptersOf(models::BaseOf(*version.serving), reason, now);
  if (version.base || version.serving) return;
  for (Version* adapter : AdaptersOf(version)) {
    if (adapter->asked || !adapter->waiting.empty()) refuse(*adapter);
    adapter->wanted_since.reset();
  }
}

void Repository::Apply(const Action& action, const std::vector<Version*>& order, TimePoint now) {
  Version& version = *order[action.version];
  const ModelTarget& target = version.found.target;
  switch (action.kind) {
    case Action::Kind::kLoad: {
      version.loading = true;
      version.loading_since = now;
      version.loading_content = ContentOf(version);
      version.reason.clear();
      const auto model = models_.find(target.id);
      const bool only = model != models_.end() && model->second.versions.size() == 1 && target.version == "1";
      MutexLock lock(mu_);
      job_ = LoadJob{target, version.found.path, version.found.weight_bytes, only, ServingBase(version)};
      job_changed_.NotifyAll();
      return;
    }
    case Action::Kind::kUnload:
      if (!version.serving) return;  // it went with the model that it changes
      LogInfo("[models] ", target.FullName(), " takes no more requests: ", action.reason);
      (void)host_.Remove(target);
      RetireAdaptersOf(version.serving, "the model that it changes was unloaded", now);
      Retire(version, now);
      version.reason = action.reason;
      version.asked = false;
      if (action.park) version.parked = true;
      return;
    case Action::Kind::kRefuse:
      return ApplyRefusal(version, action.reason, now);
  }
}

void Repository::FlushCalls() {
  for (auto& [done, refusal] : std::exchange(calls_, {})) {
    if (done) done(std::move(refusal));
  }
}

}  // namespace pano::repository
