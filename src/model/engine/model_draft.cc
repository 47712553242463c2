#include "model/engine/model_draft.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "model/engine/softmax.h"
#include "model/engine/speculation_policy.h"

namespace pano::engine {
namespace {

// Tokens that one call computes of what sequences have that the model has not seen: the others
// wait.
constexpr int64_t kCatchUpTokens = 256;

}  // namespace

Result<std::unique_ptr<DraftSource>> ModelDraft::Create(nn::Model& model, int64_t vocab_size,
                                                        const Options& options,
                                                        const Clock& clock) {
  if (model.vocab_size() != vocab_size) {
    return InvalidArgument(StrCat("[engine] the draft model has a vocabulary of ",
                                  model.vocab_size(), " tokens, the model one of ", vocab_size,
                                  ": they must be the same"));
  }
  if (!CanRewind(model.state_layout())) {
    return InvalidArgument(
        "[engine] the draft model keeps one state a sequence, which cannot go back");
  }
  Options own = options;
  own.step_tokens_max = kCatchUpTokens;
  own.kv_blocks = 0;
  own.kv_bytes_max = options.speculation.draft_kv_bytes_max;
  own.context_max = std::min(options.context_max, model.context_length());
  PANO_ASSIGN_OR_RETURN(const KvPlan plan, PlanKvMemory(model.state_layout(), own));
  PANO_ASSIGN_OR_RETURN(auto state, model.CreateState(plan.block_counts));
  return std::unique_ptr<DraftSource>(
      std::make_unique<ModelDraft>(model, plan, std::move(state), clock));
}

ModelDraft::ModelDraft(nn::Model& model, const KvPlan& plan, std::unique_ptr<nn::State> state,
                       const Clock& clock)
    : model_(model),
      clock_(clock),
      context_max_(plan.context_max),
      kv_(plan),
      state_(std::move(state)) {}

void ModelDraft::Propose(std::span<DraftWish> wishes) {
  std::vector<Job> jobs;
  int64_t budget = kCatchUpTokens;
  for (DraftWish& wish : wishes) {
    if (!wish.draft.empty()) continue;
    Job job{&wish, &Follow(wish)};
    job.tokens = std::min(job.known() - job.follower->computed, budget);
    if (job.follower->given_up || job.tokens <= 0) continue;
    if (!MakeRoom(job)) {
      GiveUp(*job.follower);
      continue;
    }
    budget -= job.tokens;
    jobs.push_back(job);
  }
  while (!jobs.empty()) {
    const TimePoint begin = clock_.Now();
    if (!Forward(jobs)) {
      for (const Job& job : jobs) GiveUp(*job.follower);
      return;
    }
    if (std::ranges::all_of(jobs, [](const Job& job) { return job.tokens == 1; })) {
      token_seconds_.Observe(Seconds(clock_.Now() - begin) / static_cast<double>(jobs.size()));
    }
    // Who is not through with what is known goes on the next time.
    std::erase_if(jobs, [](const Job& job) {
      return job.follower->computed < job.known() ||
             static_cast<int64_t>(job.wish->draft.size()) == job.wish->count;
    });
    for (Job& job : jobs) job.tokens = 1;
  }
}

// The record of the wish's sequence, gone back to what it has in common with it.
ModelDraft::Follower& ModelDraft::Follow(const DraftWish& wish) {
  auto [it, is_new] = followers_.try_emplace(wish.key);
  Follower& follower = it->second;
  if (is_new) follower.blocks = kv_.NewTables();
  const auto known = static_cast<int64_t>(wish.tokens.size());
  int64_t right = std::min(follower.computed, follower.length);
  while (right < std::min(follower.computed, known) &&
         wish.tokens[static_cast<size_t>(right)] ==
             follower.draft[static_cast<size_t>(right - follower.length)]) {
    ++right;
  }
  // The last known token is computed again if need be: its logits are wanted.
  follower.computed = std::min(right, known - 1);
  follower.length = known;
  follower.draft.clear();
  return follower;
}

// Blocks for all that the job computes in this call.
bool ModelDraft::MakeRoom(const Job& job) {
  Follower& follower = *job.follower;
  int64_t end = follower.computed + job.tokens;
  if (end == job.known()) end += job.wish->count - 1;
  kv_.Trim(follower.blocks, follower.computed);
  if (end > context_max_ || end > kv_.Room(follower.blocks, 0)) return false;
  kv_.Extend(follower.blocks, end);
  return true;
}

// One pass; who has computed all that is known gets the next token of its draft.
bool ModelDraft::Forward(std::span<const Job> jobs) {
  nn::StepPlan plan;
  for (const Job& job : jobs) {
    const Follower& follower = *job.follower;
    const int64_t drafted = follower.computed - job.known();
    nn::SequenceSlice slice;
    slice.tokens =
        drafted >= 0
            ? std::span<const TokenId>(follower.draft).subspan(static_cast<size_t>(drafted), 1)
            : job.wish->tokens.subspan(static_cast<size_t>(follower.computed),
                                       static_cast<size_t>(job.tokens));
    slice.position = follower.computed;
    slice.planned_length = job.wish->planned_length;
    for (const BlockTable& table : follower.blocks) slice.tables.push_back(table.ids());
    const bool draws = follower.computed + job.tokens >= job.known();
    slice.logits_from = slice.tokens.size() - (draws ? 1 : 0);
    plan.slices.push_back(std::move(slice));
  }
  if (Status status = model_.Forward(plan, *state_, logits_); !status.ok()) {
    LogWarning("[engine] the draft model failed: ", status.ToString());
    return false;
  }
  size_t row = 0;
  for (const Job& job : jobs) {
    Follower& follower = *job.follower;
    follower.computed += job.tokens;
    if (follower.computed < job.known()) continue;
    std::span<const float> logits = std::as_const(logits_).row(row++);
    // Among NaNs there is no largest; it is only a guess.
    auto largest = std::ranges::find(logits, MaxLogit(logits));
    const auto best = largest == logits.end() ? 0 : static_cast<TokenId>(largest - logits.begin());
    follower.draft.push_back(best);
    job.wish->draft.push_back(best);
  }
  return true;
}

void ModelDraft::GiveUp(Follower& follower) {
  follower = Follower{.blocks = kv_.NewTables(), .draft = {}, .given_up = true};
}

}  // namespace pano::engine
