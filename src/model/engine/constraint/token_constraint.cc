#include "model/engine/constraint/token_constraint.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/strings.h"

namespace pano::engine {
namespace {

constexpr size_t kWordBits = 32;

}  // namespace

TokenConstraint::TokenConstraint(std::shared_ptr<const grammar::CompiledGrammar> grammar,
                                 int64_t vocab_size, const GrammarEnds& ends,
                                 const ReasoningLimit* reasoning)
    : matcher_(std::move(grammar)),
      reasoning_(reasoning),
      ends_(&ends),
      mask_((static_cast<size_t>(vocab_size) + kWordBits - 1) / kWordBits) {}

bool TokenConstraint::Has(TokenId id) const {
  const auto i = static_cast<size_t>(id);
  return (mask_[i / kWordBits] >> (i % kWordBits) & 1u) != 0;
}

void TokenConstraint::Set(TokenId id, bool allowed) {
  const auto i = static_cast<size_t>(id);
  const uint32_t bit = 1u << (i % kWordBits);
  uint32_t& word = mask_[i / kWordBits];
  word = allowed ? word | bit : word & ~bit;
}

int TokenConstraint::Count() {
  int count = 0;
  for (size_t w = 0; w < mask_.size() && count < 2; ++w) {
    if (mask_[w] == 0) continue;
    if (count == 0) only_ = static_cast<TokenId>(w * kWordBits) + std::countr_zero(mask_[w]);
    count += std::popcount(mask_[w]);
  }
  return std::min(count, 2);
}

TokenConstraint::State TokenConstraint::Fail(Status why) {
  failure_ = std::move(why);
  return state_ = State::kFailed;
}

TokenConstraint::State TokenConstraint::Look(bool may_end) {
  if (looked_) return state_;
  looked_ = true;
  if (matcher_.IsFinished()) return state_ = State::kFinished;
  if (LookAtReasoning()) return state_ = State::kForced;
  if (Status filled = matcher_.FillMask(mask_); !filled.ok()) return Fail(std::move(filled));
  // Some files do not flag their end tokens as special: they are no text all the same.
  for (const TokenId id : ends_->model) Set(id, false);
  if (Count() == 0) {
    if (matcher_.IsAccepting()) return state_ = State::kFinished;
    return Fail(InvalidArgument("[engine] no token of the vocabulary can follow what the grammar has so far")
                    .WithReason("grammar_without_tokens"));
  }
  if (may_end && matcher_.IsAccepting()) {
    for (const TokenId id : ends_->all) Set(id, true);
  } else if (!may_end) {
    MaskEnds();
  }
  return state_ = Count() == 1 ? State::kForced : State::kOpen;
}

bool TokenConstraint::LookAtReasoning() {
  const TokenId id = reasoning_.Forced();
  if (id < 0) return false;
  grammar::GrammarMatcher ahead = matcher_;
  if (!ahead.AcceptToken(id)) {
    reasoning_.CannotForce();
    return false;
  }
  std::ranges::fill(mask_, 0u);
  Set(id, true);
  only_ = id;
  return true;
}

// Stop tokens that are text may be all that is left.
void TokenConstraint::MaskEnds() {
  std::vector<TokenId> masked;
  for (const TokenId id : ends_->all) {
    if (Has(id)) masked.push_back(id);
    Set(id, false);
  }
  if (Count() > 0) return;
  for (const TokenId id : masked) Set(id, true);
}

Status TokenConstraint::Accept(TokenId id) {
  if (!matcher_.AcceptToken(id)) {
    if (matcher_.exceeded()) {
      return InvalidArgument(StrCat("[engine] the grammar is too ambiguous behind token ", id))
          .WithReason("grammar_too_large");
    }
    return Internal(StrCat("[engine] the grammar does not take token ", id, ", which its mask has"));
  }
  reasoning_.Accept(id, matcher_.compiled().table().Bytes(id));
  looked_ = false;
  return {};
}

size_t TokenConstraint::CountAllowed(std::span<const TokenId> tokens) const {
  grammar::GrammarMatcher ahead = matcher_;
  tokens = tokens.first(std::min(tokens.size(), reasoning_.FreeTokens()));
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (std::ranges::binary_search(ends_->all, tokens[i])) return ahead.IsAccepting() ? i + 1 : i;
    if (std::ranges::binary_search(ends_->model, tokens[i])) return i;
    if (!ahead.AcceptToken(tokens[i])) return i;
  }
  return tokens.size();
}

}  // namespace pano::engine
