#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/engine/kv/kv_pool.h"
#include "model/engine/kv/prefix_cache.h"
#include "model/engine/mailbox.h"
#include "model/engine/options.h"
#include "model/engine/scheduler.h"
#include "model/engine/sequence.h"
#include "model/engine/speculation/drafter.h"
#include "model/engine/stats_board.h"
#include "model/engine/step.h"
#include "model/engine/tenant_rules.h"
#include "model/serving/core.h"

namespace pano::engine {

// The engine's loop: owns requests, sequences and blocks, asks the policy what to do next and does
// it. Confined to the thread that calls Run.
class Loop {
 public:
  // References outlive it. `options` are checked and complete.
  Loop(const Options& options, const Observer& observer, nn::Model& model, const KvPlan& kv,
       nn::State& state, DraftSources drafts, ComputePool& pool, serving::Core& core,
       Mailbox& mailbox, StatsBoard& board);

  // Returns after Wakeup::Stop, when every request has been told.
  void Run();

 private:
  // A waiting sequence that may be admitted, and what the cache has of it.
  struct Candidate {
    Sequence* sequence = nullptr;
    PrefixCache::Match match;
  };

  // Takes what the mailbox holds and ends what is cancelled, late or too slow.
  void Attend(const serving::Wakeup::Orders& orders, Mailbox::Messages messages);
  void Begin(std::unique_ptr<ActiveRequest> active);
  // `shutdown`: everything ends.
  void EndRequests(bool shutdown);

  Snapshot TakeSnapshot();
  void OrderRunning();
  void FindCandidates();
  bool IsBeingComputed(const Sequence& sequence, int64_t cached_blocks) const;
  // What Advance did: whether anything changed, and else how long the batch policy waits for more.
  struct Advanced {
    bool moved = false;
    std::optional<TimePoint> look_again = {};
  };
  // Asks the batch policy and the scheduler, and does what they say: one step at most.
  Advanced Advance();
  static int64_t ForcedRoom(const StepItem& item);
  void Preempt(Sequence& sequence);
  void Admit(const Candidate& candidate);
  void ReleaseBlocks(Sequence& sequence);
  void Commit(StepItem& item, TimePoint now);
  void CountTokens(ActiveRequest& active, const serving::TokenCounts& tokens);
  void MarkComputed(Sequence& sequence, int64_t tokens);
  void DeliverAll(StepItem& item, TimePoint now);
  void Fail(Sequence& sequence, const Status& status);
  void RegisterBlocks(Sequence& sequence);
  void SendPromptReport(Sequence& sequence);
  // `completes`: the output is then whole by its grammar.
  void Deliver(Sequence& sequence, const DrawnToken& drawn, bool completes, TimePoint now);
  void FollowGrammar(StepItem& item);

  // Ends one choice: its blocks are free at once, its last event goes out with the step's.
  void Finish(Sequence& sequence, FinishReason reason, const Status& error = {});
  void Cancel(ActiveRequest& active, serving::EndReason reason);
  void DropFinished();

  bool IsRunnable(const Sequence& sequence) const;
  bool AnyRunnable() const;
  std::optional<TimePoint> NextAlarm() const;
  void Publish(bool stepped);
  void SendEvents();

  const Options& options_;
  const Observer& observer_;
  Clock& clock_;
  const nn::Model& model_;
  serving::Core& core_;
  Mailbox& mailbox_;
  StatsBoard& board_;

  KvPool kv_;
  std::optional<PrefixCache> cache_;  // none: prefixes are not shared
  Drafter drafter_;
  Step step_;
  SchedulerLimits limits_;
  bool draining_ = false;

  std::unordered_map<std::string, std::unique_ptr<ActiveRequest>> requests_;
  // Oldest request first, lowest choice first.
  std::vector<Sequence*> running_;
  std::vector<Sequence*> waiting_;
  std::vector<Sequence*> stepping_;    // those that run, in the snapshot's order
  std::vector<Candidate> candidates_;  // what the snapshot's waiting views stand for
  std::vector<std::pair<std::shared_ptr<TokenStream>, Event>> outbox_;

  TenantRules tenants_;
  // Of stepping_ and of candidates_, as of the snapshot.
  std::vector<const serving::FairShare::Tenant*> running_tenants_, waiting_tenants_;
  bool prioritized_ = false;               // a request had a priority of its own
  bool admission_blocked_ = false;         // in the last step those that waited could not be admitted

  Stats stats_;  // all but its `serving` part, which the core counts
};

}  // namespace pano::engine
