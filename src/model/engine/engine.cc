#include "model/engine/engine.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/engine/admission.h"
#include "model/engine/kv/kv_plan.h"
#include "model/engine/loop.h"
#include "model/engine/mailbox.h"
#include "model/engine/sequence.h"
#include "model/engine/speculation/drafter.h"
#include "model/serving/continuous_batch_policy.h"
#include "model/serving/core.h"
#include "model/serving/reasons.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::engine {
namespace {

Status CompleteOptions(const nn::Model& model, Options& options) {
  if (options.step_tokens_max < 1 || options.sequences_max < 1 || options.queue_max < 1 ||
      options.stream_capacity < 1 || options.kv_blocks < 0 || options.context_max < 0) {
    return InvalidArgument(
        "[engine] step_tokens_max, sequences_max, queue_max and stream_capacity "
        "must be at least 1, kv_blocks and context_max not negative");
  }
  const int64_t drafts = options.speculation.draft_tokens;
  if (drafts < kSpeculateWhereItPays || drafts > kDraftTokensMax ||
      options.speculation.draft_kv_bytes_max < 1) {
    return InvalidArgument(StrCat("[engine] draft_tokens must be -1 to ", kDraftTokensMax,
                                  ", draft_kv_bytes_max at least 1"));
  }
  int64_t context = model.context_length();
  if (options.context_max == 0) options.context_max = context;
  options.context_max = std::min(options.context_max, context);
  options.slow_client_timeout =
      std::clamp<Duration>(options.slow_client_timeout, Duration::zero(), serving::kWaitMax);
  return OkStatus();
}

void SortUnique(std::vector<TokenId>& ids) {
  std::ranges::sort(ids);
  auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
}

class EngineImpl final : public Engine {
 public:
  EngineImpl(nn::Model& model, const KvPlan& kv, std::unique_ptr<nn::State> state,
             DraftSources drafts, tokenizer::TokenizerPtr tokenizer, ComputePool& pool,
             Options options, Observer observer, std::unique_ptr<serving::BatchPolicy> policy,
             Clock& clock)
      : options_(std::move(options)),
        observer_(std::move(observer)),
        tokenizer_(std::move(tokenizer)),
        state_(std::move(state)),
        core_(clock, options_.queue_max, observer_.serving, std::move(policy)),
        mailbox_(core_.wakeup()),
        board_(core_),
        loop_(options_, observer_, model, kv, *state_, std::move(drafts), pool, core_, mailbox_,
              board_) {
    limits_.vocab_size = model.vocab_size();
    limits_.context_max = options_.context_max;
    limits_.has_tokenizer = tokenizer_ != nullptr;
    limits_.begin_token_id = options_.begin_token_id;
    thread_ = StartThread("pano-engine", [this](const std::stop_token&) { loop_.Run(); });
  }

  ~EngineImpl() override { core_.wakeup().Stop(); }  // the thread's member destructor joins

  Result<std::shared_ptr<TokenStream>> Submit(Request request) override {
    if (Status status = CheckRequest(limits_, request); !status.ok()) {
      if (status.reason() == serving::kContextLengthExceeded) {
        core_.CountRejection(serving::RejectionReason::kContext);
      }
      return status;
    }
    if (request.id.empty()) request.id = StrCat("request-", RandomHex(8));
    if (!request.sampling.seed) request.sampling.seed = SystemEntropy();
    PANO_RETURN_IF_ERROR(core_.Enter(request.id, request.tenant, request.deadline,
                                      static_cast<int64_t>(request.prompt.size())));
    auto active = std::make_unique<ActiveRequest>();
    active->request = std::move(request);
    active->order = next_order_.fetch_add(1, std::memory_order_relaxed);
    active->submitted = core_.clock().Now();
    Prepare(*active);
    std::shared_ptr<TokenStream> stream = active->stream;
    mailbox_.Submit(std::move(active));
    // When the reader's last pointer goes, so does the request.
    return std::shared_ptr<TokenStream>(stream.get(),
                                        [stream](TokenStream* reader) { reader->Cancel(); });
  }

  void Cancel(const std::string& request_id) override { mailbox_.Cancel(request_id); }

  bool Drain(Duration timeout) override {
    return core_.Drain(timeout);
  }

  Stats GetEngineStats() const override { return board_.Get(); }
  std::vector<serving::TenantStats> GetTenantStats() const override {
    return core_.ledger().GetTenants();
  }
  int64_t RetryAfterSeconds() const override { return core_.ledger().RetryAfterSeconds(); }
  int64_t context_max() const override { return options_.context_max; }

 private:
  void Prepare(ActiveRequest& active) const {
    const Request& request = active.request;
    active.stream = std::make_shared<TokenStream>(request.id, request.n,
                                                  static_cast<size_t>(options_.stream_capacity));
    active.stream->SetWake([wakeup = core_.shared_wakeup()] { wakeup->Notify(); });
    active.ending_tokens = request.stop_token_ids;
    if (!request.ignore_eos) {
      for (TokenId id : options_.end_token_ids) {
        if (id >= 0 && id < limits_.vocab_size) active.ending_tokens.push_back(id);
      }
    }
    for (const std::string& stop : request.stop) {
      const std::optional<TokenId> id = tokenizer_ ? tokenizer_->Find(stop) : std::nullopt;
      if (!id || *id >= limits_.vocab_size || !tokenizer_->IsSpecial(*id)) continue;
      active.ending_tokens.push_back(*id);
      active.named_stops.emplace_back(*id, stop);
    }
    SortUnique(active.ending_tokens);
    if (request.grammar) {
      active.vocab_size = limits_.vocab_size;
      active.grammar_ends.all = active.ending_tokens;
      for (TokenId id : options_.end_token_ids) {
        if (id >= 0 && id < limits_.vocab_size) active.grammar_ends.model.push_back(id);
      }
      SortUnique(active.grammar_ends.model);
    }
    active.unfinished = request.n;
    for (int32_t index = 0; index < request.n; ++index) {
      active.sequences.push_back(std::make_unique<Sequence>(active, index, tokenizer_.get()));
    }
  }

  // Constant after construction.
  const Options options_;
  const Observer observer_;
  const tokenizer::TokenizerPtr tokenizer_;
  AdmissionLimits limits_;

  std::atomic<uint64_t> next_order_{0};
  std::unique_ptr<nn::State> state_;  // the loop's
  serving::Core core_;
  Mailbox mailbox_;
  StatsBoard board_;
  Loop loop_;
  std::jthread thread_;  // last: gone before what it uses
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Create(nn::Model& model, tokenizer::TokenizerPtr tokenizer,
                                               ComputePool& pool, Options options,
                                               Observer observer,
                                               std::unique_ptr<serving::BatchPolicy> policy,
                                               Clock& clock) {
  PANO_RETURN_IF_ERROR(CompleteOptions(model, options));
  PANO_ASSIGN_OR_RETURN(const KvPlan kv, PlanKvMemory(model.state_layout(), options));
  options.context_max = kv.context_max;
  PANO_ASSIGN_OR_RETURN(auto state, model.CreateState(kv.block_counts));
  PANO_ASSIGN_OR_RETURN(DraftSources drafts, MakeDraftSources(model, options, clock));
  if (!policy) {
    policy =
        std::make_unique<serving::ContinuousBatchPolicy>(serving::ContinuousBatchOptions{
            .tokens_max = options.step_tokens_max,
            .prefill_beside_decodes = options.prefill_beside_decodes});
  }
  return std::unique_ptr<Engine>(std::make_unique<EngineImpl>(
      model, kv, std::move(state), std::move(drafts), std::move(tokenizer), pool,
      std::move(options), std::move(observer), std::move(policy), clock));
}

}  // namespace pano::engine
