#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/engine/constraint/reasoning_tracker.h"
#include "model/engine/request.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::engine {

// The tokens that end a choice, as a grammar has to do with them. A value, shared by a request's choices.
struct GrammarEnds {
  std::vector<TokenId> model;  // the model's own: allowed where the grammar accepts, and only there
  std::vector<TokenId> all;    // with those that the request names, which may be text as well
};

// Where one sequence stands in its grammar: what its next token may be. A copy looks ahead (drafts, forced
// tokens) without moving the sequence: it costs a matcher's state and a mask. Confined to one thread at a
// time.
class TokenConstraint {
 public:
  enum class State : uint8_t {
    kOpen,      // several tokens are allowed
    kForced,    // one token is: only()
    kFinished,  // the grammar accepts, and nothing can follow
    kFailed,    // the sequence cannot go on: failure()
  };

  // `ends` and `reasoning` (null: no limit) outlive it and its copies. REQUIRES: the grammar's vocabulary has at most `vocab_size` tokens.
  TokenConstraint(std::shared_ptr<const grammar::CompiledGrammar> grammar, int64_t vocab_size,
                  const GrammarEnds& ends, const ReasoningLimit* reasoning = nullptr);

  // What comes next; fills the mask, once a position. `may_end`: whether the choice may end here (its
  // min_tokens are there): else end tokens are left out, unless there is nothing else.
  State Look(bool may_end);
  bool looked() const { return looked_; }
  // REQUIRES: Look said so since the last Accept.
  State state() const { return state_; }
  std::span<const uint32_t> allowed() const { return mask_; }  // kOpen, kForced
  TokenId only() const { return only_; }                       // kForced
  const Status& failure() const { return failure_; }           // kFailed

  // Takes the next token, one of those that Look allowed which does not end the choice. A failure says that
  // the grammar is too ambiguous there.
  Status Accept(TokenId id);

  // How many of these tokens, one after the other, are allowed from here on. Nothing is behind a token
  // that ends the choice.
  size_t CountAllowed(std::span<const TokenId> tokens) const;

 private:
  State Fail(Status why);
  void MaskEnds();
  bool Has(TokenId id) const;
  void Set(TokenId id, bool allowed);
  // How many bits are set, two standing for more; only_ is the first of them.
  int Count();

  // The end of reasoning is all that is allowed here.
  bool LookAtReasoning();

  grammar::GrammarMatcher matcher_;
  ReasoningTracker reasoning_;
  const GrammarEnds* ends_;
  std::vector<uint32_t> mask_;
  bool looked_ = false;
  State state_ = State::kOpen;
  TokenId only_ = 0;
  Status failure_;
};

}  // namespace pano::engine
