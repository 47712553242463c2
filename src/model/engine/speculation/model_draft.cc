#include "model/engine/speculation/model_draft.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "model/engine/sampling/softmax.h"
#include "model/engine/speculation/speculation_policy.h"

// The small model has KV memory of its own. For each sequence it keeps what it has computed; when
// asked again it goes back to the longest common beginning of that and what is known now, computes
// the rest (at most kCatchUpTokens over all sequences in a call), and then draws its largest logit
// token by token, all sequences in one pass each time.

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

void ModelDraft::Propose(std::span<DraftRequest> requests) {
  std::vector<Job> jobs;
  int64_t budget = kCatchUpTokens;
  for (DraftRequest& request : requests) {
    if (!request.draft.empty()) continue;
    Job job{&request, &Follow(request)};
    job.tokens = std::min(job.known() - job.sequence->computed, budget);
    if (job.sequence->given_up || job.tokens <= 0) continue;
    if (!MakeRoom(job)) {
      GiveUp(*job.sequence);
      continue;
    }
    budget -= job.tokens;
    jobs.push_back(job);
  }
  while (!jobs.empty()) {
    const TimePoint begin = clock_.Now();
    if (!Forward(jobs)) {
      for (const Job& job : jobs) GiveUp(*job.sequence);
      return;
    }
    if (std::ranges::all_of(jobs, [](const Job& job) { return job.tokens == 1; })) {
      token_seconds_.Observe(Seconds(clock_.Now() - begin) / static_cast<double>(jobs.size()));
    }
    // Who is not through with what is known goes on the next time.
    std::erase_if(jobs, [](const Job& job) {
      return job.sequence->computed < job.known() ||
             static_cast<int64_t>(job.request->draft.size()) == job.request->count;
    });
    for (Job& job : jobs) job.tokens = 1;
  }
}

// The record of the request's sequence, gone back to what it has in common with it.
ModelDraft::DraftSequence& ModelDraft::Follow(const DraftRequest& request) {
  auto [it, is_new] = sequences_.try_emplace(request.key);
  DraftSequence& sequence = it->second;
  if (is_new) sequence.blocks = kv_.NewTables();
  const auto known = static_cast<int64_t>(request.tokens.size());
  int64_t right = std::min(sequence.computed, sequence.length);
  while (right < std::min(sequence.computed, known) &&
         request.tokens[static_cast<size_t>(right)] ==
             sequence.draft[static_cast<size_t>(right - sequence.length)]) {
    ++right;
  }
  // The last known token is computed again if need be: its logits are wanted.
  sequence.computed = std::min(right, known - 1);
  sequence.length = known;
  sequence.draft.clear();
  return sequence;
}

// Blocks for all that the job computes in this call.
bool ModelDraft::MakeRoom(const Job& job) {
  DraftSequence& sequence = *job.sequence;
  int64_t end = sequence.computed + job.tokens;
  if (end == job.known()) end += job.request->count - 1;
  kv_.Trim(sequence.blocks, sequence.computed);
  if (end > context_max_ || end > kv_.Room(sequence.blocks, 0)) return false;
  kv_.Extend(sequence.blocks, end);
  return true;
}

// One pass; who has computed all that is known gets the next token of its draft.
bool ModelDraft::Forward(std::span<const Job> jobs) {
  nn::StepPlan plan;
  for (const Job& job : jobs) {
    const DraftSequence& sequence = *job.sequence;
    const int64_t drafted = sequence.computed - job.known();
    nn::SequenceSlice slice;
    slice.tokens =
        drafted >= 0
            ? std::span<const TokenId>(sequence.draft).subspan(static_cast<size_t>(drafted), 1)
            : job.request->tokens.subspan(static_cast<size_t>(sequence.computed),
                                       static_cast<size_t>(job.tokens));
    slice.position = sequence.computed;
    slice.planned_length = job.request->planned_length;
    for (const BlockTable& table : sequence.blocks) slice.tables.push_back(table.ids());
    const bool draws = sequence.computed + job.tokens >= job.known();
    slice.logits_from = slice.tokens.size() - (draws ? 1 : 0);
    plan.slices.push_back(std::move(slice));
  }
  if (Status status = model_.Forward(plan, *state_, logits_); !status.ok()) {
    LogWarning("[engine] the draft model failed: ", status.ToString());
    return false;
  }
  size_t row = 0;
  for (const Job& job : jobs) {
    DraftSequence& sequence = *job.sequence;
    sequence.computed += job.tokens;
    if (sequence.computed < job.known()) continue;
    std::span<const float> logits = std::as_const(logits_).row(row++);
    // Among NaNs there is no largest; any token will do: it is verified.
    auto largest = std::ranges::find(logits, MaxLogit(logits));
    const auto best = largest == logits.end() ? 0 : static_cast<TokenId>(largest - logits.begin());
    sequence.draft.push_back(best);
    job.request->draft.push_back(best);
  }
  return true;
}

void ModelDraft::GiveUp(DraftSequence& sequence) {
  sequence = DraftSequence{.blocks = kv_.NewTables(), .draft = {}, .given_up = true};
}

}  // namespace pano::engine
