#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/model_settings/settings_in_force.h"
#include "app/models/adapter_version.h"
#include "app/models/model_catalog.h"
#include "app/models/model_host.h"
#include "app/models/model_version.h"
#include "app/repository/decision.h"
#include "app/repository/folder_scan.h"
#include "app/repository/load_speed.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::repository {

// An adapter of the command line over a version that is always there: loaded already, followed from now on and never
// unloaded. A value.
struct PinnedAdapter {
  models::AdapterSource source;
  models::ModelVersionPtr base;
  models::ModelVersionPtr loaded;  // in the host
  uint64_t content = 0;            // ScanAdapter's, from before it was loaded
};

struct Options {
  std::string folder = {};  // "": none, the adapters alone are followed
  std::vector<PinnedAdapter> adapters = {};
  Duration poll = std::chrono::seconds(1);   // between looks at the folder
  Duration quiet = std::chrono::seconds(3);  // a folder without a manifest is complete when nothing has
                                             // changed for so long
  DecisionSettings decision = {};
  uint64_t state_bytes = 0;  // that a model takes beside its weights, before it was ever loaded

  Duration load_wait = std::chrono::seconds(30);  // how long a request waits for its model; 0: not at all
  size_t waiting_max = 256;                       // requests that wait for one version
  // Of an unloaded version's requests; those that are not done then are cancelled.
  Duration drain = std::chrono::seconds(60);
  Duration retry_first = std::chrono::seconds(10), retry_most = std::chrono::minutes(5);  // after a failure
  std::set<std::string> taken = {};  // ids that are served from elsewhere: a folder of that name is passed over
  ScanLimits limits = {};
};

// A version to read. A value.
struct LoadJob {
  models::ModelTarget target;
  std::string path;
  uint64_t weight_bytes = 0;
  bool only_version = false;  // of its model: its series are named by the id alone
  // Of an adapter: the version that it changes, a copy that answers. Null: a model of its own.
  models::ModelVersionPtr base = {};
};

// How versions are read and what happens to them; every member but `load` may be empty.
struct Hooks {
  // On the loader's thread, one at a time; it may take long.
  std::function<Result<models::ModelVersionPtr>(const LoadJob&)> load;
  // What model.yaml says of its batches and defaults, before it serves and whenever that changes. No adapter is
  // configured. May keep no copy of the version: it would not be unloaded.
  std::function<void(const models::ModelVersionPtr&, const model_settings::ModelSettings&)> configure;
  // It is gone from memory.
  std::function<void(const models::ModelVersion&)> unloaded;
};

// The models of a folder and the adapters over them, which their settings name: looks at them, decides (decision.h) and has versions loaded into the host and
// taken out of it. One thread owns all of that state and gets messages; another reads models, so that no
// load holds anything up. Thread-safe.
class Repository final : public models::ModelCatalog {
 public:
  // Fails when the folder cannot be read. All but the options outlive it. Nothing is loaded yet when it
  // returns.
  static Result<std::unique_ptr<Repository>> Start(Options options, Hooks hooks, models::ModelHost& host,
                                                   Env& env = Env::Real(), Clock& clock = Clock::Real(),
                                                   FileStamps stamps = StampOf);
  ~Repository() override;

  // Ends both threads, waiting for a load under way: who waits is refused, and so is whoever comes later.
  // What is loaded stays in the host.
  void Stop();

  std::vector<models::VersionStatus> List() const override;
  bool Keeps(const models::ModelTarget& target) const override;
  std::vector<models::VersionStatus> Versions(std::string_view id) const override;
  void Await(const models::ModelTarget& target, Done done) override;
  void Load(const std::string& id, const std::string& version, Done done) override;
  void Unload(const std::string& id, const std::string& version, Done done) override;

 private:
  struct Waiter {
    TimePoint since, until;
    Done done;
  };
  using Key = std::pair<std::string, std::string>;

  // Everything about one version. Confined to the actor's thread.
  struct Version {
    // Of an adapter: the version that it changes, or that of the command line.
    std::optional<Key> base;
    models::ModelVersionPtr pinned_base;
    bool is_adapter() const { return base || pinned(); }
    bool pinned() const { return pinned_base != nullptr; }

    FoundVersion found;
    bool present = false;
    TimePoint content_since = {};
    bool seen_quiet = false;  // nothing had changed for a while when it was first seen
    models::ModelVersionPtr serving;
    uint64_t serving_content = 0;
    uint64_t serving_number = 0;  // which load of all it was
    uint64_t serving_uses = 0;
    TimePoint last_used = {};
    std::vector<models::ModelVersionPtr> leaving;  // out of service, with requests
    TimePoint leave_until = {};
    bool broken = false;
    bool loading = false;
    TimePoint loading_since = {};
    uint64_t loading_content = 0;
    uint64_t known_bytes = 0;  // that it took when it was last loaded
    std::optional<uint64_t> failed_content;
    TimePoint retry_at = {};
    Duration retry_delay = Duration::zero();
    std::string reason;
    bool desired = false, asked = false, stopped = false, parked = false;
    std::vector<Waiter> waiting;
    std::optional<TimePoint> wanted_since;  // by requests, whether they still wait or will come again
    TimePoint wanted_until = {};
    std::vector<Done> loads, unloads;  // operators that wait
  };
  struct Command {
    enum class Kind { kAwait, kLoad, kUnload } kind;
    models::ModelTarget target;
    Done done;
  };
  struct Finished {
    models::ModelTarget target;
    Result<models::ModelVersionPtr> version;
  };
  using Calls = std::vector<std::pair<Done, Refusal>>;

  Repository(Options options, Hooks hooks, models::ModelHost& host, Env& env, Clock& clock,
             FileStamps stamps);

  void Send(Command command);
  void RunActor(const std::stop_token& stop);
  void RunLoader(const std::stop_token& stop);

  // The actor's.
  void Look();
  void TakeScan(const Scan& scan, TimePoint now);
  void See(Version& version, const FoundVersion& found, TimePoint now);
  void TakeAdapters(std::set<std::string>& problems, TimePoint now);
  // Which model each adapter's name belongs to now; what others ask for goes to `problems`.
  void NameAdapters(std::set<std::string>& problems);
  void TakeAdapter(const models::AdapterSource& source, const FoundModel& model, std::set<std::string>& problems,
                   TimePoint now);
  void ForgetGone();
  // Of a model, or of an adapter of `model`.
  void TellHost(const std::string& id, const std::string& model);
  void ChooseDesired(const std::string& id);
  // Takes what model.yaml says now; a text that is wrong is a problem and changes nothing.
  void TakeSettings(const FoundModel& model, std::set<std::string>& problems);
  const model_settings::ModelSettings& SettingsOf(const std::string& id) const;
  // Whose settings they are: its own, or those of the model that it changes.
  static const std::string& ModelOf(const Version& version);
  // What it is made of now: files, and for an adapter the copy that it would be bound to.
  uint64_t ContentOf(const Version& version) const;
  bool HasFailed(const Version& version) const { return version.failed_content == ContentOf(version); }
  // Of an adapter over the folder's models; null where that is gone.
  const Version* BaseVersion(const Version& version) const;
  // What an adapter would be bound to now; null: nothing.
  models::ModelVersionPtr ServingBase(const Version& version) const;
  std::vector<Version*> AdaptersOf(const Version& version);
  // Whether its copy computes with one of the model that another has taken the place of.
  bool IsLeftBehind(const Version& version) const;
  bool HasAdapters(const models::ModelVersionPtr& copy) const;
  void RetireAdaptersOf(const models::ModelVersionPtr& copy, const std::string& reason, TimePoint now);
  // Whether no wait makes it load: somebody stopped it, it is not complete, or it failed a moment ago.
  bool Hopeless(const Version& version, TimePoint now) const;
  bool Settled(const Version& version, TimePoint now) const;
  std::string NotSettledReason(const Version& version) const;
  void Take(Command command, TimePoint now);
  void Take(Finished finished, TimePoint now);
  void TakeLoad(Version& version, Done done, TimePoint now);
  void TakeAwait(Version& version, Done done, TimePoint now);
  void Loaded(Version& version, models::ModelVersionPtr loaded, TimePoint now);
  void Failed(Version& version, const Status& why, TimePoint now);
  void WatchServing(TimePoint now);
  void LetGo(TimePoint now);
  void LetGoOf(Version& version, TimePoint now);
  void ExpireWaiters(TimePoint now);
  void Apply(const Action& action, const std::vector<Version*>& order, TimePoint now);
  void Refuse(Version& version, const Refusal& refusal);
  void ApplyRefusal(Version& version, const std::string& reason, TimePoint now);
  void Retire(Version& version, TimePoint now);
  std::vector<VersionView> MakeViews(std::vector<Version*>& order, TimePoint now) const;
  void Answer(std::vector<Done>& whom, const Refusal& with);
  void AnswerWaiters(Version& version, const Refusal& with);
  Refusal RefusalOf(const Version& version, TimePoint now) const;
  Refusal RefusalFor(const std::string& name, const Version& version, TimePoint now) const;
  models::VersionStatus StatusOf(const Version& version, TimePoint now) const;
  uint64_t BytesOf(const Version& version) const;
  void Publish(TimePoint now);
  void FlushCalls();

  // Constant after construction.
  const Options options_;
  const Hooks hooks_;
  models::ModelHost& host_;
  Env& env_;
  Clock& clock_;
  const FileStamps stamps_;

  // The actor's.
  std::map<Key, Version> versions_;
  std::map<std::string, FoundModel> models_;  // as last seen
  std::map<std::string, model_settings::SettingsInForce> settings_;  // by id
  std::map<std::string, std::string> named_;  // adapters, and whose they are
  uint64_t loads_ = 0;                        // that succeeded
  std::set<std::string> told_;                // problems that were logged
  LoadSpeed speed_;
  Calls calls_;  // to make once the state is published

  mutable Mutex mu_;
  CondVar changed_;        // the actor's mail, and stop
  CondVar job_changed_;    // the loader's
  std::vector<Command> commands_ PANO_GUARDED_BY(mu_);
  std::vector<Finished> finished_ PANO_GUARDED_BY(mu_);
  std::optional<LoadJob> job_ PANO_GUARDED_BY(mu_);
  std::vector<models::VersionStatus> published_ PANO_GUARDED_BY(mu_);
  bool stopping_ PANO_GUARDED_BY(mu_) = false;

  std::jthread loader_;
  std::jthread actor_;
};

}  // namespace pano::repository
