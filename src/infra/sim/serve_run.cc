#include "infra/sim/serve_run.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/check.h"
#include "base/strings.h"
#include "infra/sim/event_queue.h"
#include "infra/sim/prefix_blocks.h"

namespace pano::sim {
namespace {

struct Sequence {
  int64_t known = 0;      // tokens: input and output so far
  int64_t computed = 0;
  int64_t generated = 0;
  bool begun = false;
  int64_t computed_most = 0;  // before it was preempted
  std::vector<int32_t> blocks;
};

// Blocks of one replica's KV memory.
class Blocks {
 public:
  explicit Blocks(int64_t count) : holders_(static_cast<size_t>(count)) {
    for (int64_t i = count; i > 0; --i) free_.push_back(static_cast<int32_t>(i - 1));
  }
  void Extend(std::vector<int32_t>& blocks, int64_t count) {
    while (static_cast<int64_t>(blocks.size()) < count) {
      PANO_CHECK(!free_.empty());  // the policy has counted
      blocks.push_back(free_.back());
      free_.pop_back();
      holders_[static_cast<size_t>(blocks.back())] = 1;
    }
  }
  void Release(std::vector<int32_t>& blocks) {
    for (const int32_t block : blocks) {
      holders_[static_cast<size_t>(block)] = 0;
      free_.push_back(block);
    }
    blocks.clear();
  }
  int64_t free() const { return static_cast<int64_t>(free_.size()); }
  const std::vector<int32_t>& holders() const { return holders_; }

 private:
  std::vector<int32_t> holders_;
  std::vector<int32_t> free_;
};

struct Item {
  size_t request = 0;
  int64_t tokens = 0;
};

struct Replica {
  Replica(int64_t block_count, int64_t prefix_tokens) : blocks(block_count), prefixes(static_cast<size_t>(prefix_tokens / kTraceBlockTokens)) {}
  std::vector<size_t> running;  // the oldest first
  std::vector<Item> step;       // that goes on
  EventQueue<size_t>::Handle end = 0;  // of it
  Time end_s = 0;
  double slow = 1;
  bool down = false;
  Blocks blocks;
  PrefixBlocks prefixes;
};

class Server {
 public:
  Server(const std::vector<TraceRequest>& trace, const ServePlan& plan, StepPolicy& policy,
         const std::function<void(const StepSeen&)>& on_step)
      : trace_(trace), plan_(plan), policy_(policy), on_step_(on_step), sequences_(trace.size()) {
    run_.requests.resize(trace.size());
    if (plan.clients > 0) {
      sent_ = trace.empty() ? 0 : trace[0].arrival_s;
      while (released_ < trace.size() && released_ < static_cast<size_t>(plan.clients)) Release(sent_);
    } else {
      for (; released_ < trace.size(); ++released_) run_.requests[released_].arrival_s = trace[released_].arrival_s;
    }
    int32_t tenants = 1;
    for (const TraceRequest& request : trace) tenants = std::max(tenants, request.tenant + 1);
    waiting_.resize(static_cast<size_t>(tenants));
    const int64_t blocks = plan.kv_tokens / policy.block_tokens();
    replicas_.reserve(static_cast<size_t>(plan.replicas));
    for (int64_t i = 0; i < plan.replicas; ++i) replicas_.emplace_back(blocks, plan.prefix_cache_tokens);
    for (size_t i = 0; i < replicas_.size(); ++i) idle_.insert(i);
    for (const auto& [replica, factor] : plan.slow) replicas_[static_cast<size_t>(replica)].slow = factor;
    const Time first = trace.empty() ? 0 : trace[0].arrival_s;
    for (const ReplicaFault& fault : plan.faults) {
      const auto replica = static_cast<size_t>(fault.replica);
      changes_.Push(first + fault.at_s, {replica, true});
      if (fault.seconds < kNever) changes_.Push(first + fault.at_s + fault.seconds, {replica, false});
    }
  }

  Result<ServeRun> Serve() {
    PANO_RETURN_IF_ERROR(CheckMemory());
    size_t next = 0;
    while (next < released_ || !ends_.empty() || (waiting_count_ > 0 && !changes_.empty())) {
      const Time arrival = next < released_ ? run_.requests[next].arrival_s : kNever;
      // Steps end before requests come at the same time, and all that happens at a time is seen by the decisions.
      now_ = std::min({arrival, ends_.next_time(), changes_.next_time()});
      freed_.clear();
      while (ends_.next_time() <= now_) {
        const size_t r = ends_.Pop().payload;
        EndStep(replicas_[r]);
        freed_.push_back(r);
      }
      while (changes_.next_time() <= now_) {
        const Change change = changes_.Pop().payload;
        change.down ? TakeDown(change.replica) : BringUp(change.replica);
      }
      for (; next < released_ && run_.requests[next].arrival_s <= now_; ++next) {
        sequences_[next].known = trace_[next].input_tokens;
        if (SeveralTenants()) policy_.Enter(trace_[next].tenant);
        Queue(next);
      }
      for (const size_t r : freed_) {
        if (!replicas_[r].down) idle_.insert(r);
      }
      for (auto it = idle_.begin(); it != idle_.end();) {
        const size_t r = *it;
        if (replicas_[r].running.empty() && waiting_count_ == 0) {
          ++it;
          continue;
        }
        it = BeginStep(r) ? idle_.erase(it) : std::next(it);
      }
      if (run_.steps > kServeStepsMax) {
        return Status(StatusCode::kExhausted, StrCat("[sim] gave up after ", run_.steps, " steps at ", now_, " s"));
      }
    }
    if (waiting_count_ > 0 && std::ranges::all_of(replicas_, [](const Replica& replica) { return replica.down; })) {
      return Status(StatusCode::kUnavailable,
                    StrCat("[sim] no replica is left ", now_ - trace_[0].arrival_s, " s after the first request, and ", waiting_count_, " requests wait"));
    }
    if (waiting_count_ > 0) return Internal(StrCat("[sim] the policy left ", waiting_count_, " requests waiting for ever"));
    for (const Replica& replica : replicas_) {
      if (!replica.running.empty()) return Internal(StrCat("[sim] the policy left ", replica.running.size(), " requests half done"));
    }
    Summarize();
    return std::move(run_);
  }

 private:
  struct Change {
    size_t replica = 0;
    bool down = false;
  };

  void TakeDown(size_t r) {
    Replica& replica = replicas_[r];
    replica.down = true;
    idle_.erase(r);
    if (!replica.step.empty()) {
      run_.step_mean_s -= replica.end_s - now_;
      ends_.Cancel(replica.end);
    }
    replica.step.clear();
    for (const size_t i : replica.running) {
      Sequence& sequence = sequences_[i];
      replica.blocks.Release(sequence.blocks);
      ++run_.restarts;
      run_.lost_tokens += sequence.generated;
      run_.output_tokens -= sequence.generated;
      sequence.known = trace_[i].input_tokens;
      sequence.computed = sequence.generated = 0;
      Queue(i);
    }
    replica.running.clear();
    replica.prefixes.Clear();
  }

  void BringUp(size_t r) {
    replicas_[r].down = false;
    idle_.insert(r);
  }

  bool SeveralTenants() const { return waiting_.size() > 1; }
  void Queue(size_t i) {
    waiting_[static_cast<size_t>(trace_[i].tenant)].insert(i);
    ++waiting_count_;
  }

  Status CheckMemory() const {
    if (plan_.kv_tokens == 0) return {};
    const int64_t room = plan_.kv_tokens / policy_.block_tokens() * policy_.block_tokens();
    for (size_t i = 0; i < trace_.size(); ++i) {
      const int64_t tokens = trace_[i].input_tokens + trace_[i].output_tokens;
      if (tokens > room) {
        return InvalidArgument(StrCat("request ", i, " has ", tokens, " tokens; kv_tokens is ", plan_.kv_tokens, ", in whole blocks ", room));
      }
    }
    return {};
  }

  ReplicaView View(const Replica& replica) {
    running_.clear();
    candidates_.clear();
    candidate_ids_.clear();
    for (const size_t i : replica.running) {
      running_.push_back({sequences_[i].known, sequences_[i].computed, sequences_[i].blocks, trace_[i].tenant});
    }
    for (const std::set<size_t>& waiting : waiting_) {
      int64_t count = 0;
      for (auto it = waiting.begin(); it != waiting.end() && count < policy_.candidates_max(); ++it, ++count) candidate_ids_.push_back(*it);
    }
    if (SeveralTenants()) std::ranges::sort(candidate_ids_);
    for (const size_t i : candidate_ids_) {
      candidates_.push_back({sequences_[i].known, run_.requests[i].arrival_s, CachedTokens(replica, i), trace_[i].tenant});
    }
    ReplicaView view{.now = now_, .running = running_, .waiting = candidates_, .limited = plan_.kv_tokens > 0};
    if (view.limited) {
      view.blocks_free = replica.blocks.free();
      view.holders = replica.blocks.holders();
    }
    return view;
  }

  // Of the sequence's beginning, in whole blocks of KV memory; at least one token is left to compute.
  int64_t CachedTokens(const Replica& replica, size_t i) const {
    if (plan_.prefix_cache_tokens == 0 || trace_[i].blocks.empty()) return 0;
    const int64_t block = policy_.block_tokens();
    const int64_t most = std::min(trace_[i].input_tokens, sequences_[i].known - 1);
    return std::min(replica.prefixes.Known(trace_[i].blocks) * kTraceBlockTokens, most) / block * block;
  }

  // False where the policy has nothing to do now.
  bool BeginStep(size_t r) {
    Replica& replica = replicas_[r];
    const StepPlan plan = policy_.Decide(View(replica));
    replica.step.clear();
    for (const StepPart& part : plan.run) replica.step.push_back({replica.running[part.index], part.tokens});
    std::vector<size_t> admitted;
    for (const StepPart& part : plan.admit) {
      admitted.push_back(candidate_ids_[part.index]);
      replica.step.push_back({admitted.back(), part.tokens});
    }
    Preempt(replica, plan.preempt);
    for (const size_t i : admitted) {
      PANO_CHECK(waiting_[static_cast<size_t>(trace_[i].tenant)].erase(i) == 1);  // each once
      --waiting_count_;
      sequences_[i].computed = CachedTokens(replica, i);
      sequences_[i].computed_most = std::max(sequences_[i].computed_most, sequences_[i].computed);
      run_.cached_tokens += sequences_[i].computed;
      replica.running.insert(std::upper_bound(replica.running.begin(), replica.running.end(), i), i);
      if (!sequences_[i].begun) run_.requests[i].begun_s = now_;
      sequences_[i].begun = true;
    }
    if (replica.step.empty()) return !plan.preempt.empty() && BeginStep(r);  // there is room now
    Compute(r);
    return true;
  }

  void Preempt(Replica& replica, const std::vector<size_t>& victims) {
    std::vector<size_t> ids;
    for (const size_t index : victims) ids.push_back(replica.running[index]);
    for (const size_t i : ids) {
      std::erase(replica.running, i);
      replica.blocks.Release(sequences_[i].blocks);
      sequences_[i].computed = 0;
      Queue(i);
      ++run_.preemptions;
    }
  }

  void Compute(size_t r) {
    Replica& replica = replicas_[r];
    StepWork work;
    for (const Item& item : replica.step) {
      Sequence& sequence = sequences_[item.request];
      const int64_t end = sequence.computed + item.tokens;
      if (plan_.kv_tokens > 0) {
        const int64_t block = policy_.block_tokens();
        replica.blocks.Extend(sequence.blocks, (end + block - 1) / block);
      }
      const bool decodes = sequence.generated > 0 && item.tokens == 1 && end == sequence.known;
      (decodes ? work.decode_rows : work.prefill_tokens) += item.tokens;
      if (end == sequence.known) ++work.sampled_rows;
      const auto tokens = static_cast<double>(item.tokens), before = static_cast<double>(sequence.computed);
      const double pairs = tokens * before + tokens * (tokens + 1) / 2;
      work.pairs += pairs;
      if (decodes) work.decode_pairs += pairs;
      ++work.sequences;
      work.kv_tokens += static_cast<double>(end);
    }
    const double seconds = plan_.time.Of(work) * replica.slow;
    ++run_.steps;
    run_.step_mean_s += seconds;
    run_.rows_mean += static_cast<double>(replica.step.size());
    if (SeveralTenants()) policy_.Stepped(work.prefill_tokens + work.decode_rows, seconds);
    if (on_step_) on_step_({static_cast<int64_t>(r), now_, seconds, work});
    replica.end_s = now_ + seconds;
    replica.end = ends_.Push(replica.end_s, r);
  }

  void EndStep(Replica& replica) {
    for (const Item& item : replica.step) {
      Sequence& sequence = sequences_[item.request];
      sequence.computed += item.tokens;
      const int32_t tenant = trace_[item.request].tenant;
      if (SeveralTenants()) {
        const int64_t input = trace_[item.request].input_tokens;
        policy_.Serve(tenant, std::max<int64_t>(0, std::min(sequence.computed, input) - std::min(sequence.computed_most, input)),
                      sequence.computed < sequence.known ? 0 : 1);
        sequence.computed_most = std::max(sequence.computed_most, sequence.computed);
      }
      if (sequence.computed < sequence.known) continue;
      ServedRequest& served = run_.requests[item.request];
      if (sequence.generated == 0) served.first_token_s = now_;
      if (sequence.generated == 0 && plan_.prefix_cache_tokens > 0) replica.prefixes.Use(trace_[item.request].blocks);
      ++sequence.generated;
      ++sequence.known;
      ++run_.output_tokens;
      if (sequence.generated < trace_[item.request].output_tokens) continue;
      served.finish_s = now_;
      if (SeveralTenants()) policy_.Leave(tenant);
      if (released_ < trace_.size()) Release(now_);
      std::erase(replica.running, item.request);
      replica.blocks.Release(sequence.blocks);
    }
    replica.step.clear();
  }

  // A closed loop's next request is sent at `now`, after those before it.
  void Release(Time now) {
    sent_ = std::max(now, sent_) + plan_.client_s;
    run_.requests[released_++].arrival_s = sent_;
  }

  void Summarize() {
    std::vector<double> waits, ttfts, responses, gaps;
    double sum = 0;
    Time last = 0;
    for (size_t i = 0; i < trace_.size(); ++i) {
      const ServedRequest& served = run_.requests[i];
      const Time arrival = served.arrival_s;
      waits.push_back(served.begun_s - arrival);
      ttfts.push_back(served.first_token_s - arrival);
      responses.push_back(served.finish_s - arrival);
      if (trace_[i].output_tokens > 1) gaps.push_back((served.finish_s - served.first_token_s) / static_cast<double>(trace_[i].output_tokens - 1));
      sum += responses.back();
      if (waits.back() > 0) ++run_.waited;
      last = std::max(last, served.finish_s);
    }
    run_.makespan_s = last - run_.requests.front().arrival_s;
    run_.system_mean = sum / run_.makespan_s;
    run_.wait = QuantilesOf(waits);
    run_.ttft = QuantilesOf(ttfts);
    run_.response = QuantilesOf(responses);
    run_.gap = QuantilesOf(gaps);
    run_.busy = run_.step_mean_s / run_.makespan_s / static_cast<double>(plan_.replicas);
    run_.step_mean_s /= static_cast<double>(run_.steps);
    run_.rows_mean /= static_cast<double>(run_.steps);
  }

  const std::vector<TraceRequest>& trace_;
  const ServePlan& plan_;
  StepPolicy& policy_;
  const std::function<void(const StepSeen&)>& on_step_;
  std::vector<Sequence> sequences_;
  std::vector<Replica> replicas_;
  std::vector<std::set<size_t>> waiting_;  // of each tenant by arrival: who was preempted comes before all that came later
  size_t waiting_count_ = 0;
  std::set<size_t> idle_;
  EventQueue<size_t> ends_;   // of steps, by replica
  EventQueue<Change> changes_;  // of replicas that go down and come back
  std::vector<size_t> freed_;
  Time sent_ = 0;             // the last request of a closed loop
  size_t released_ = 0;       // requests whose time of arrival is known
  std::vector<RunningSequence> running_;
  std::vector<WaitingSequence> candidates_;
  std::vector<size_t> candidate_ids_;
  Time now_ = 0;
  ServeRun run_;
};

}  // namespace

Quantiles QuantilesOf(std::vector<double>& values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  Quantiles out;
  for (const double value : values) out.mean += value;
  out.mean /= static_cast<double>(values.size());
  const auto nearest = [&](double q) {
    const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
    return values[std::max<size_t>(1, rank) - 1];
  };
  out.p50 = nearest(0.5);
  out.p90 = nearest(0.9);
  out.p99 = nearest(0.99);
  return out;
}

std::vector<TenantFigures> FiguresByTenant(const std::vector<TraceRequest>& trace, const ServeRun& run, size_t count) {
  struct Seen {
    std::vector<double> ttft, response, gap;
    Time first = kNever, last = 0;
    int64_t outputs = 0;
  };
  std::vector<Seen> seen(count);
  for (size_t i = 0; i < trace.size(); ++i) {
    const ServedRequest& served = run.requests[i];
    Seen& one = seen[static_cast<size_t>(trace[i].tenant)];
    one.ttft.push_back(served.first_token_s - served.arrival_s);
    one.response.push_back(served.finish_s - served.arrival_s);
    if (trace[i].output_tokens > 1) one.gap.push_back((served.finish_s - served.first_token_s) / static_cast<double>(trace[i].output_tokens - 1));
    one.first = std::min(one.first, served.arrival_s);
    one.last = std::max(one.last, served.finish_s);
    one.outputs += trace[i].output_tokens;
  }
  std::vector<TenantFigures> out;
  for (Seen& one : seen) {
    TenantFigures figures;
    figures.requests = static_cast<int64_t>(one.response.size());
    if (one.last > one.first) figures.output_tokens_s = static_cast<double>(one.outputs) / (one.last - one.first);
    figures.ttft = QuantilesOf(one.ttft);
    figures.response = QuantilesOf(one.response);
    figures.gap = QuantilesOf(one.gap);
    out.push_back(figures);
  }
  return out;
}

Result<ServeRun> SimulateServing(const std::vector<TraceRequest>& trace, const ServePlan& plan, StepPolicy& policy,
                                 const std::function<void(const StepSeen&)>& on_step) {
  if (trace.empty()) return InvalidArgument("the trace has no requests");
  for (const ReplicaFault& fault : plan.faults) {
    if (fault.replica < 0 || fault.replica >= plan.replicas) return InvalidArgument(StrCat("faults: there is no replica ", fault.replica));
  }
  if (!plan.slow.empty() && (plan.slow.begin()->first < 0 || plan.slow.rbegin()->first >= plan.replicas)) {
    return InvalidArgument("slow: names a replica that is not there");
  }
  return Server(trace, plan, policy, on_step).Serve();
}

}  // namespace pano::sim
