#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/fwd.h"
#include "base/metrics.h"
#include "base/status.h"
#include "model/engine/constraint/token_constraint.h"
#include "model/engine/sampling/sampler.h"
#include "model/engine/sequence.h"
#include "model/nn/model.h"

namespace pano::engine {

// One sequence's part of a step, and what came of it.
struct StepItem {
  Sequence* sequence = nullptr;
  int64_t tokens = 0;  // to compute, from sequence->computed on; the blocks are there
  // Draft tokens behind the known ones, computed with them; the blocks are there. Only when all known
  // tokens are computed.
  std::vector<TokenId> draft = {};
  // Tokens at most that may come behind the drawn ones because the grammar leaves no other.
  int64_t forced_max = 0;

  // Why it went wrong; after the tokens that were drawn before.
  Status status = {};
  std::vector<DrawnToken> scores = {};  // of prompt tokens, from sequence->scored() on
  // When all known tokens are computed: the next one, and as long as they are those of the draft,
  // the ones behind it; then those that the grammar forces. None where the grammar has nothing more.
  std::vector<DrawnToken> drawn = {};
  size_t sampled = 0;  // of `drawn`, those that came from logits: each but the last is computed
  // Where the grammar stands behind `drawn`, with its state looked at unless the last of them ends the
  // choice.
  std::optional<TokenConstraint> constraint = {};
};

// What one forward pass does: runs the model over the items and draws from the logits, items in
// parallel. Changes no sequence. Confined to the engine's thread.
//
// Drafts change nothing but how many tokens a pass gives: each token is drawn from the logits
// behind those before it with its own random number, and what the draft says is used only to have
// had these logits computed. The model gives the same ones, to the bit, as it would without a
// draft.
class Step {
 public:
  // All are borrowed and outlive it. `mask_seconds` (may be null): what each mask of a grammar took.
  Step(nn::Model& model, nn::State& state, ComputePool& pool, const Clock& clock,
       Histogram* mask_seconds);

  // When the model refuses a pass, each item is tried alone and without its draft, so that only
  // those at fault fail.
  void Run(std::span<StepItem> items);

 private:
  // What one row of logits is for, or several: the score of a prompt token, or the draws.
  struct Reading {
    StepItem* item = nullptr;
    size_t row = 0;
    std::optional<TokenId> scored = {};
    Status status = {};
    std::vector<DrawnToken> tokens = {};
    size_t sampled = 0;
    std::optional<TokenConstraint> constraint = {};
  };

  Status Forward(std::span<StepItem> items);
  void OrderByAdapter(std::span<StepItem> items);
  nn::SequenceSlice MakeSlice(StepItem& item);
  std::span<const TokenId> TokensOf(const StepItem& item);
  void Read();
  void ReadOne(Reading& reading, Sampler& sampler);
  void ReadScore(Reading& reading, Sampler& sampler);
  void ReadDraws(Reading& reading, Sampler& sampler);
  TokenConstraint::State Look(const Reading& reading, TokenConstraint& constraint) const;
  void AppendForced(Reading& reading, TokenConstraint& constraint) const;

  nn::Model& model_;
  nn::State& state_;
  ComputePool& pool_;
  const Clock& clock_;
  Histogram* const mask_seconds_;
  nn::StepPlan plan_;
  std::vector<StepItem*> ordered_;  // of the plan
  nn::Logits logits_;
  size_t rows_ = 0;
  std::vector<Reading> readings_;
  std::vector<std::vector<TokenId>> inputs_;  // tokens with their drafts, of the plan
  std::vector<Sampler> samplers_;             // by worker
};

}  // namespace pano::engine
