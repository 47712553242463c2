#include "model/engine/loop.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/nn/bound_adapter.h"

// Continuous batching. Each round takes the messages, ends what is over, and asks the batch policy
// and the scheduler for one step: which sequences give their memory up (preemption: their tokens
// are computed again later), which begin, how many tokens each computes. The model runs once over
// all of them; each sequence with all of its tokens computed gets its next one drawn. Figures are
// published before events go out. Without work the thread sleeps until a message or the next
// deadline.

namespace pano::engine {
namespace {

// Waiting sequences that one step looks at: their prefixes are searched for in the cache.
constexpr size_t kCandidatesMax = 32;
// Forced tokens that one step appends to a sequence: each takes a mask, which others wait for.
constexpr int64_t kForcedTokensMax = 32;

bool Older(const Sequence* a, const Sequence* b) {
  uint64_t order_a = a->active().order;
  uint64_t order_b = b->active().order;
  return order_a != order_b ? order_a < order_b : a->index() < b->index();
}

void InsertByAge(std::vector<Sequence*>& list, Sequence* sequence) {
  list.insert(std::upper_bound(list.begin(), list.end(), sequence, Older), sequence);
}

bool IsFinished(const std::optional<TokenConstraint>& constraint) {
  return constraint && constraint->looked() &&
         constraint->state() == TokenConstraint::State::kFinished;
}

}  // namespace

Loop::Loop(const Options& options, const Observer& observer, nn::Model& model, const KvPlan& kv,
           nn::State& state, DraftSources drafts, ComputePool& pool, serving::Core& core,
           Mailbox& mailbox, StatsBoard& board)
    : options_(options),
      observer_(observer),
      clock_(core.clock()),
      model_(model),
      core_(core),
      mailbox_(mailbox),
      board_(board),
      kv_(kv),
      drafter_(options, kv_, std::move(drafts)),
      step_(model, state, pool, clock_, observer.mask_seconds),
      tenants_(options.step_tokens_max) {
  if (options.prefix_cache) cache_.emplace(kv_, options.cache_namespace);
  limits_.step_tokens_max = options.step_tokens_max;
  limits_.sequences_max = std::min(options.sequences_max, options.step_tokens_max);
  Publish(/*stepped=*/false);  // figures before the first request
}

void Loop::Run() {
  while (true) {
    const serving::Wakeup::Orders orders = core_.wakeup().Look();
    Attend(orders, mailbox_.Take());
    Publish(/*stepped=*/false);
    DropFinished();
    SendEvents();
    if (orders.stop) return;
    const Advanced advanced = Advance();
    if (advanced.moved) continue;
    if (advanced.look_again) {
      core_.wakeup().Wait(
          clock_, std::min(*advanced.look_again, NextAlarm().value_or(TimePoint::max())));
    } else if (!AnyRunnable()) {
      core_.wakeup().Wait(clock_, NextAlarm());
    }
  }
}

void Loop::Attend(const serving::Wakeup::Orders& orders, Mailbox::Messages messages) {
  for (auto& active : messages.submitted) Begin(std::move(active));
  for (const std::string& id : messages.cancelled) {
    auto it = requests_.find(id);
    if (it != requests_.end()) Cancel(*it->second, serving::EndReason::kClient);
  }
  draining_ = orders.draining;
  EndRequests(orders.cancel_all || orders.stop);
}

void Loop::Begin(std::unique_ptr<ActiveRequest> active) {
  ActiveRequest& kept = *active;
  kept.planned_length = static_cast<int64_t>(kept.request.prompt.size()) + *kept.request.max_tokens;
  // Numbers first: no tenant's name can be taken for another scope.
  kept.cache_scope = StrCat(kept.request.adapter ? kept.request.adapter->id : 0, ' ',
                            model_.state_variant(kept.planned_length), ' ', kept.request.tenant);
  requests_.emplace(kept.request.id, std::move(active));
  tenants_.share().Enter(kept.request.tenant, kept.request.weight);
  if (kept.request.priority != 0) prioritized_ = true;
  for (auto& sequence : kept.sequences) {
    sequence->blocks = kv_.NewTables();
    InsertByAge(waiting_, sequence.get());
  }
  if (*kept.request.max_tokens > 0) return;
  // Nothing is to be generated: without a report on the prompt there is nothing to do.
  for (auto& sequence : kept.sequences) {
    if (sequence->scores_prompt()) continue;
    SendPromptReport(*sequence);
    Finish(*sequence, FinishReason::kLength);
  }
}

void Loop::EndRequests(bool shutdown) {
  const TimePoint now = clock_.Now();
  for (auto& [id, active] : requests_) {
    if (active->unfinished == 0) continue;
    serving::EndConditions conditions;
    conditions.cancelled = active->stream->cancelled();
    conditions.deadline = active->request.deadline;
    conditions.reader_too_slow = active->stream->FullFor(now) > options_.slow_client_timeout;
    conditions.shutdown = shutdown;
    if (auto reason = serving::ReasonToEnd(conditions, now)) Cancel(*active, *reason);
  }
}

void Loop::Cancel(ActiveRequest& active, serving::EndReason reason) {
  if (active.unfinished == 0) return;
  const FinishReason finish = reason == serving::EndReason::kDeadline ? FinishReason::kDeadline
                                                                      : FinishReason::kCancelled;
  for (auto& sequence : active.sequences) {
    if (sequence->state != Sequence::State::kFinished) Finish(*sequence, finish);
  }
  core_.CountEnd(reason);
}

void Loop::Finish(Sequence& sequence, FinishReason reason, const Status& error) {
  ActiveRequest& active = sequence.active();
  std::erase(sequence.state == Sequence::State::kRunning ? running_ : waiting_, &sequence);
  sequence.state = Sequence::State::kFinished;
  ReleaseBlocks(sequence);
  drafter_.Forget(sequence);
  --active.unfinished;
  outbox_.emplace_back(active.stream, sequence.MakeFinish(reason, clock_.Now(), error));
}

// After the figures were published, so that whoever sees the end of a request sees its blocks
// freed.
void Loop::DropFinished() {
  std::erase_if(requests_, [this](const auto& entry) {
    const ActiveRequest& active = *entry.second;
    if (active.unfinished > 0) return false;
    tenants_.share().Leave(active.request.tenant);
    core_.ledger().Leave(active.request.id);
    return true;
  });
}

// Whether the sequence can be given work: its reader keeps up, and its prompt is not about to be
// computed by the first choice.
bool Loop::IsRunnable(const Sequence& sequence) const {
  ActiveRequest& active = sequence.active();
  if (!active.stream->HasRoom()) return false;
  if (!cache_ || sequence.index() == 0 || sequence.state == Sequence::State::kRunning) return true;
  const Sequence& first = *active.sequences.front();
  return first.state == Sequence::State::kFinished || first.output_length() > 0;
}

bool Loop::AnyRunnable() const {
  auto runnable = [this](const Sequence* sequence) { return IsRunnable(*sequence); };
  return std::ranges::any_of(running_, runnable) || std::ranges::any_of(waiting_, runnable);
}

Snapshot Loop::TakeSnapshot() {
  Snapshot snapshot;
  for (size_t g = 0; g < kv_.group_count(); ++g) {
    const BlockAllocator& allocator = kv_.allocator(g);
    snapshot.groups.push_back({kv_.group(g), allocator.available(), allocator.all_holders()});
  }
  OrderRunning();
  for (Sequence* sequence : stepping_) {
    BlockLists blocks;
    for (const BlockTable& table : sequence->blocks) blocks.push_back(table.ids());
    snapshot.running.push_back({sequence->length(), sequence->computed, std::move(blocks),
                                !IsRunnable(*sequence), sequence->scores_prompt()});
  }
  FindCandidates();
  for (const Candidate& candidate : candidates_) {
    const Sequence& sequence = *candidate.sequence;
    snapshot.waiting.push_back({sequence.length(),
                                candidate.match.blocks * nn::kBlockTokens,
                                {candidate.match.ids.begin(), candidate.match.ids.end()},
                                sequence.scores_prompt(),
                                sequence.active().submitted});
  }
  waiting_tenants_.clear();
  for (const Candidate& candidate : candidates_) {
    waiting_tenants_.push_back(&tenants_.share().at(candidate.sequence->request().tenant));
  }
  if (tenants_.competes()) tenants_.SetShares(running_tenants_, waiting_tenants_, snapshot);
  return snapshot;
}

void Loop::OrderRunning() {
  running_tenants_.clear();
  for (const Sequence* sequence : running_) {
    running_tenants_.push_back(&tenants_.share().at(sequence->request().tenant));
  }
  stepping_.clear();
  std::vector<const serving::FairShare::Tenant*> ordered;
  for (const size_t i : tenants_.OrderRunning(running_tenants_)) {
    stepping_.push_back(running_[i]);
    ordered.push_back(running_tenants_[i]);
  }
  running_tenants_ = std::move(ordered);
}

void Loop::FindCandidates() {
  candidates_.clear();
  std::vector<Sequence*> waiting;
  for (Sequence* sequence : waiting_) {
    if (IsRunnable(*sequence)) waiting.push_back(sequence);
  }
  if (tenants_.competes() || prioritized_) {
    std::vector<serving::ShareItem> items;
    for (const Sequence* sequence : waiting) {
      const Request& request = sequence->request();
      items.push_back({&tenants_.share().at(request.tenant), static_cast<double>(sequence->length()),
                       request.priority, sequence->active().submitted});
    }
    std::vector<Sequence*> ordered;
    for (const size_t i : serving::FairOrder(items)) ordered.push_back(waiting[i]);
    waiting = std::move(ordered);
  }
  if (waiting.size() > kCandidatesMax) waiting.resize(kCandidatesMax);
  for (Sequence* sequence : waiting) {
    Candidate candidate;
    candidate.sequence = sequence;
    if (cache_) {
      candidate.match =
          cache_->Find(sequence->active().cache_scope,
                       sequence->tokens().first(static_cast<size_t>(sequence->reusable_length())));
      if (IsBeingComputed(*sequence, candidate.match.blocks)) continue;
    } else {
      candidate.match.ids.resize(kv_.group_count());
    }
    candidates_.push_back(std::move(candidate));
  }
}

// Whether the block behind those that the cache has of the sequence is about to be computed for
// another one, that runs or stands before it: it waits for that and takes the block from the cache.
bool Loop::IsBeingComputed(const Sequence& sequence, int64_t cached_blocks) const {
  const int64_t end = (cached_blocks + 1) * nn::kBlockTokens;
  if (sequence.reusable_length() < end) return false;
  const auto wanted = sequence.tokens().first(static_cast<size_t>(end));
  auto computes = [&](const Sequence* other) {
    if (other->computed >= end || other->length() < end ||
        other->active().cache_scope != sequence.active().cache_scope) {
      return false;
    }
    const auto tokens = other->tokens().first(static_cast<size_t>(end));
    // The last block first: of two prompts that begin alike it is the one that differs.
    return std::ranges::equal(tokens.last(nn::kBlockTokens), wanted.last(nn::kBlockTokens)) &&
           std::ranges::equal(tokens, wanted);
  };
  return std::ranges::any_of(running_, [&](const Sequence* other) {
           return IsRunnable(*other) && computes(other);
         }) ||
         std::ranges::any_of(candidates_, computes, &Candidate::sequence);
}

Loop::Advanced Loop::Advance() {
  const TimePoint begin = clock_.Now();
  Snapshot snapshot = TakeSnapshot();
  const TenantRules::Limited limited =
      tenants_.LimitFlood(begin, running_tenants_, waiting_tenants_, admission_blocked_, snapshot);
  for (const size_t i : limited.dropped) {
    candidates_.erase(candidates_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::vector<serving::WaitingItem> waiting;
  serving::BatchSnapshot summary = Summarize(limits_, snapshot, waiting);
  summary.now = begin;
  summary.draining = draining_;
  summary.capacity.tokens = std::min(summary.capacity.tokens, limited.inputs);
  summary.decoding_rows -= limited.decodes;
  const serving::BatchDecision batch = serving::DecideWithin(core_.policy(), summary);
  const StepDecision decision = DecideStep(limits_, snapshot, batch);
  std::vector<StepItem> items;
  std::vector<Sequence*> preempted;
  admission_blocked_ = !candidates_.empty() && decision.admit.empty();
  for (size_t i : decision.preempt) preempted.push_back(stepping_[i]);
  for (const Work& work : decision.run) items.push_back({stepping_[work.index], work.tokens});
  for (const Work& work : decision.admit) {
    items.push_back({candidates_[work.index].sequence, work.tokens});
  }
  for (Sequence* sequence : preempted) Preempt(*sequence);
  Duration oldest_waited = Duration::zero();
  for (const Work& work : decision.admit) {
    oldest_waited = std::max(oldest_waited, begin - snapshot.waiting[work.index].arrived);
  }
  // All cached prefixes are taken before anybody gets a new block, which may evict some.
  for (const Work& work : decision.admit) Admit(candidates_[work.index]);
  if (items.empty()) {
    Advanced idle{.moved = !preempted.empty()};
    if (batch.wait > Duration::zero()) idle.look_again = begin + batch.wait;
    return idle;
  }
  for (StepItem& item : items) {
    // The policy has counted.
    kv_.Extend(item.sequence->blocks, item.sequence->computed + item.tokens);
  }
  drafter_.Draft(items, static_cast<int64_t>(running_.size()));
  for (StepItem& item : items) item.forced_max = ForcedRoom(item);
  int64_t tokens = 0;
  for (const StepItem& item : items) {
    tokens += item.tokens + static_cast<int64_t>(item.draft.size());
  }
  Publish(/*stepped=*/false);

  const TimePoint ready = clock_.Now();
  step_.Run(items);
  const TimePoint now = clock_.Now();
  drafter_.Observe(items, Seconds(now - ready));
  tenants_.Observe(tokens, Seconds(now - ready));
  core_.stats().cost = tenants_.cost();
  for (StepItem& item : items) Commit(item, now);
  core_.CountStep({.rows = static_cast<int64_t>(items.size()),
                   .tokens = tokens,
                   .computed = now - begin,
                   .oldest_waited = oldest_waited});
  Publish(/*stepped=*/true);
  DropFinished();
  SendEvents();
  return {.moved = true};
}

// Forced tokens that may come behind what a step draws: what the request still may have and what its reader
// has room for.
int64_t Loop::ForcedRoom(const StepItem& item) {
  const Sequence& sequence = *item.sequence;
  if (sequence.constraint() == nullptr) return 0;
  const ActiveRequest& active = sequence.active();
  const auto drawn = static_cast<int64_t>(1 + item.draft.size());
  const auto events = static_cast<int64_t>(active.stream->Room()) / std::max(1, active.unfinished);
  return std::clamp<int64_t>(
      std::min(*active.request.max_tokens - sequence.output_length(), events) - drawn, 0,
      kForcedTokensMax);
}

void Loop::Preempt(Sequence& sequence) {
  std::erase(running_, &sequence);
  ReleaseBlocks(sequence);
  sequence.state = Sequence::State::kWaiting;
  InsertByAge(waiting_, &sequence);
  ++stats_.preemptions;
}

void Loop::ReleaseBlocks(Sequence& sequence) {
  for (BlockTable& table : sequence.blocks) table.Clear();
  sequence.computed = 0;
  sequence.registered_blocks = 0;
  sequence.registered.Reset();
}

void Loop::Admit(const Candidate& candidate) {
  Sequence& sequence = *candidate.sequence;
  ActiveRequest& active = sequence.active();
  std::erase(waiting_, &sequence);
  sequence.state = Sequence::State::kRunning;
  InsertByAge(running_, &sequence);
  kv_.Share(sequence.blocks, candidate.match.ids);
  if (cache_) sequence.registered = PrefixCache::Tip(*cache_, candidate.match.node);
  sequence.registered_blocks = candidate.match.blocks;
  sequence.computed = sequence.registered_blocks * nn::kBlockTokens;
  if (!sequence.cached_tokens) {
    sequence.cached_tokens = sequence.computed;
    CountTokens(active, {.cached = sequence.computed});
  }
  sequence.computed_max = std::max(sequence.computed_max, sequence.computed);
  if (active.scheduled) return;
  active.scheduled = clock_.Now();
  core_.Begin(active.request.id, *active.scheduled - active.submitted);
}

void Loop::Commit(StepItem& item, TimePoint now) {
  Sequence& sequence = *item.sequence;
  // Behind drafts that were right a row may be broken, and behind any token a grammar may have become too
  // ambiguous: what was drawn before it comes out.
  const bool goes_on = !item.draft.empty() || item.constraint;
  if (!item.status.ok() && (!goes_on || item.drawn.empty())) {
    return Fail(sequence, item.status);
  }
  MarkComputed(sequence, item.tokens);
  for (const DrawnToken& score : item.scores) sequence.AddScore(score);
  SendPromptReport(sequence);
  if (*sequence.request().max_tokens == 0) {
    if (!sequence.scores_prompt()) Finish(sequence, FinishReason::kLength);
    return;
  }
  DeliverAll(item, now);
  if (sequence.state == Sequence::State::kFinished) return;
  if (!item.status.ok()) return Fail(sequence, item.status);
  // Blocks behind what is right; in the last one that is, the next step writes over the rest.
  kv_.Truncate(sequence.blocks, sequence.computed);
}

void Loop::Fail(Sequence& sequence, const Status& status) {
  LogWarning("[engine] request ", sequence.request().id, ": ", status.ToString());
  Finish(sequence, FinishReason::kError, status);
}

void Loop::CountTokens(ActiveRequest& active, const serving::TokenCounts& tokens) {
  core_.stats().tokens += tokens;
  active.uncounted += tokens;
  tenants_.share().Charge(active.request.tenant, tokens);
}

// Takes note of tokens that are in KV memory and known to be right.
void Loop::MarkComputed(Sequence& sequence, int64_t tokens) {
  sequence.computed += tokens;
  int64_t new_prompt = std::min(sequence.computed, sequence.prompt_length()) -
                       std::min(sequence.computed_max, sequence.prompt_length());
  CountTokens(sequence.active(), {.input = std::max<int64_t>(0, new_prompt)});
  sequence.computed_max = std::max(sequence.computed_max, sequence.computed);
  RegisterBlocks(sequence);
  kv_.Trim(sequence.blocks, sequence.computed);
}

// One drawn token after the other, as if each came from a step of its own: but for the last one, a
// draft has said it and so it is computed already. Those that the grammar forced are computed in the next
// step, together.
void Loop::DeliverAll(StepItem& item, TimePoint now) {
  Sequence& sequence = *item.sequence;
  const auto drafted = static_cast<int64_t>(item.draft.size());
  int64_t accepted = 0;
  sequence.draft_tokens += drafted;
  for (size_t i = 0; i < item.drawn.size() && sequence.state == Sequence::State::kRunning; ++i) {
    const bool sampled = i < item.sampled;
    if (i > 0 && sampled) MarkComputed(sequence, 1);
    if (sampled && i < item.draft.size() && item.drawn[i].id == item.draft[i]) {
      ++accepted;
      ++sequence.accepted_tokens;
    }
    if (!sampled) ++stats_.forced_tokens;
    const bool completes = i + 1 == item.drawn.size() && IsFinished(item.constraint);
    Deliver(sequence, item.drawn[i], completes, now);
  }
  if (sequence.state == Sequence::State::kRunning && item.constraint) FollowGrammar(item);
  stats_.drafts_accepted += accepted;
  stats_.drafts_rejected += drafted - accepted;
  if (!item.drawn.empty()) drafter_.Learn(sequence, drafted, accepted);
}

// Behind all that was drawn.
void Loop::FollowGrammar(StepItem& item) {
  Sequence& sequence = *item.sequence;
  if (!item.status.ok()) return;
  if (IsFinished(item.constraint)) return Finish(sequence, FinishReason::kStop);
  if (item.constraint->state() == TokenConstraint::State::kFailed) {
    return Fail(sequence, item.constraint->failure());
  }
  sequence.SetConstraint(*std::move(item.constraint));
}

void Loop::SendPromptReport(Sequence& sequence) {
  std::vector<Event::PromptToken> report = sequence.TakePromptReport();
  if (report.empty()) return;
  Event event;
  event.kind = Event::Kind::kPromptLogprobs;
  event.index = sequence.index();
  event.prompt = std::move(report);
  outbox_.emplace_back(sequence.active().stream, std::move(event));
}

// Blocks that are full become known to the prefix cache; where it has the same content already, the
// sequence goes on with that block and its own is free.
void Loop::RegisterBlocks(Sequence& sequence) {
  if (!cache_) return;
  int64_t full = sequence.computed / nn::kBlockTokens;
  for (; sequence.registered_blocks < full; ++sequence.registered_blocks) {
    auto i = static_cast<size_t>(sequence.registered_blocks);
    cache_->Insert(sequence.active().cache_scope, sequence.registered,
                   sequence.tokens().subspan(i * nn::kBlockTokens, nn::kBlockTokens),
                   sequence.blocks, i);
  }
}

void Loop::Deliver(Sequence& sequence, const DrawnToken& drawn, bool completes, TimePoint now) {
  ActiveRequest& active = sequence.active();
  if (!active.first_token) {
    active.first_token = now;
    serving::Observer::Observe(observer_.ttft_seconds, Seconds(now - active.submitted));
  }
  if (auto last = sequence.last_token_at()) {
    serving::Observer::Observe(observer_.inter_token_seconds, Seconds(now - *last));
  }
  Sequence::Accepted accepted = sequence.Accept(drawn, now);
  CountTokens(active, {.output = 1});
  outbox_.emplace_back(active.stream, std::move(accepted.event));
  // What the grammar has made whole was not cut.
  if (completes && accepted.finish == FinishReason::kLength) accepted.finish = FinishReason::kStop;
  if (accepted.finish) Finish(sequence, *accepted.finish);
}

// When time alone makes the next difference.
std::optional<TimePoint> Loop::NextAlarm() const {
  std::optional<TimePoint> alarm;
  auto consider = [&alarm](TimePoint at) { alarm = alarm ? std::min(*alarm, at) : at; };
  const TimePoint now = clock_.Now();
  for (const auto& [id, active] : requests_) {
    if (active->request.deadline) consider(*active->request.deadline);
    if (!active->stream->HasRoom()) {
      consider(now + options_.slow_client_timeout - active->stream->FullFor(now) +
               std::chrono::milliseconds(1));
    }
  }
  return alarm;
}

void Loop::Publish(bool stepped) {
  for (const auto& [id, active] : requests_) {
    const serving::TokenCounts tokens = std::exchange(active->uncounted, {});
    if (tokens != serving::TokenCounts{}) core_.ledger().AddTokens(id, tokens);
  }
  core_.stats().running_rows = static_cast<int64_t>(running_.size());
  stats_.kv_blocks = {kv_.used(), kv_.cached(), kv_.free(), kv_.total()};
  board_.Publish(stats_, AnyRunnable(), stepped);
}

void Loop::SendEvents() {
  auto events = std::exchange(outbox_, {});
  for (auto& [stream, event] : events) stream->Push(std::move(event));
}

}  // namespace pano::engine
