#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/engine/kv/kv_plan.h"
#include "model/engine/kv/kv_pool.h"
#include "model/engine/options.h"
#include "model/engine/speculation/draft_source.h"
#include "model/engine/speculation/row_cost.h"
#include "model/nn/model.h"

namespace pano::engine {

// Drafts by a smaller model of the same vocabulary: its likeliest tokens. It has state of its own
// and follows each sequence that it is asked about; what it has not seen of one it computes first,
// some at a time. When its memory is short, or the model fails, it has no draft for that sequence
// any more. Confined to the engine's thread.
class ModelDraft final : public DraftSource {
 public:
  // Model and clock outlive it. InvalidArgument when its vocabulary is not of `vocab_size` tokens
  // or it has state that cannot go back, Exhausted when its memory cannot be had.
  static Result<std::unique_ptr<DraftSource>> Create(nn::Model& model, int64_t vocab_size,
                                                     const Options& options, const Clock& clock);

  ModelDraft(nn::Model& model, const KvPlan& plan, std::unique_ptr<nn::State> state,
             const Clock& clock);
  void Propose(std::span<DraftRequest> requests) override;
  double SecondsPerToken() const override { return token_seconds_.value(); }
  void Forget(SequenceKey key) override { sequences_.erase(key); }

 private:
  // What the model has computed of one sequence.
  struct DraftSequence {
    BlockTables blocks;
    int64_t length = 0;          // tokens that were known when it was last asked
    std::vector<TokenId> draft;  // what it said then, behind them
    int64_t computed = 0;        // of these together
    bool given_up = false;
  };
  struct Job {
    DraftRequest* request = nullptr;
    DraftSequence* sequence = nullptr;
    int64_t tokens = 0;  // of the next pass

    int64_t known() const { return static_cast<int64_t>(request->tokens.size()); }
  };

  DraftSequence& Follow(const DraftRequest& request);
  bool MakeRoom(const Job& job);
  bool Forward(std::span<const Job> jobs);
  void GiveUp(DraftSequence& sequence);

  nn::Model& model_;
  const Clock& clock_;
  const int64_t context_max_;
  KvPool kv_;
  const std::unique_ptr<nn::State> state_;
  nn::Logits logits_;
  std::unordered_map<SequenceKey, DraftSequence> sequences_;
  RecentMinimum token_seconds_;
};

}  // namespace pano::engine
