#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/engine/admission.h"
#include "model/engine/constraint/token_constraint.h"
#include "model/engine/kv/kv_pool.h"
#include "model/engine/kv/prefix_cache.h"
#include "model/engine/request.h"
#include "model/engine/sampling/sampler.h"
#include "model/engine/sampling/token_history.h"
#include "model/engine/speculation/draft_source.h"
#include "model/engine/speculation/speculation_policy.h"
#include "model/engine/text_output.h"
#include "model/engine/token_stream.h"
#include "model/serving/stats.h"

namespace pano::engine {

class Sequence;

// A request that the engine has accepted, with all its choices. Built by the thread that submits
// it, from then on confined to the engine's.
struct ActiveRequest {
  Request request;     // prompt not empty, seed and max_tokens set
  uint64_t order = 0;  // of arrival: smaller is older
  std::shared_ptr<TokenStream> stream;
  std::vector<TokenId> ending_tokens;  // that end a choice: stop tokens, and the model's own
  // Stop strings that are the names of special tokens, which have no text: these end it too.
  std::vector<std::pair<TokenId, std::string>> named_stops;
  GrammarEnds grammar_ends;  // of a request with a grammar
  int64_t vocab_size = 0;    // of the model
  std::vector<std::unique_ptr<Sequence>> sequences;
  int unfinished = 0;
  serving::TokenCounts uncounted;  // since the ledger was told last

  // Tokens that a choice may have in all. Rotary angles that depend on a sequence's length go by it
  // from the first step on, so that its cached keys agree with each other.
  int64_t planned_length = 0;
  // Within which prefixes are shared: the adapter, the tenant, and the angles where the length changes
  // them.
  std::string cache_scope;

  TimePoint submitted{};
  std::optional<TimePoint> scheduled;    // first
  std::optional<TimePoint> first_token;  // of any choice
};

// One choice of a request: its tokens, its blocks, its text. Confined to the engine's thread.
class Sequence {
 public:
  enum class State : uint8_t { kWaiting, kRunning, kFinished };

  // The request and the tokenizer (may be null) outlive it.
  Sequence(ActiveRequest& request, int index, const tokenizer::Tokenizer* tokenizer);

  ActiveRequest& active() const { return active_; }
  const Request& request() const { return active_.request; }
  int index() const { return index_; }

  std::span<const TokenId> tokens() const { return tokens_; }  // prompt and output
  int64_t length() const { return static_cast<int64_t>(tokens_.size()); }
  int64_t prompt_length() const { return prompt_length_; }
  int64_t output_length() const { return length() - prompt_length_; }

  // Prompt tokens whose log-probability is still to be reported: [scored(), prompt_length()).
  bool scores_prompt() const { return scored_ < prompt_length_; }
  int64_t scored() const { return scored_; }
  void AddScore(const DrawnToken& score);
  // The report on the prompt, once, when it is complete; empty when none was asked for.
  std::vector<Event::PromptToken> TakePromptReport();

  // How many tokens at the beginning may come from the prefix cache: the last one never, nor those
  // whose logits are wanted.
  int64_t reusable_length() const;
  // The draw of the next token, or of the one that comes when `ahead` drafted tokens have been
  // right. The result borrows from the sequence, whose history has to hold these already.
  DrawInput NextDraw(int64_t ahead = 0) const;
  // What NextDraw looks at; null when it looks at none.
  TokenHistory* draw_history() { return NeedsHistory(request().sampling) ? &history_ : nullptr; }
  // Whether the choice may end when `ahead` more tokens have come.
  bool MayEnd(int64_t ahead = 0) const { return output_length() + ahead >= request().min_tokens; }
  // Whether the token ends the choice.
  bool EndsWith(TokenId id) const;
  // The stop string that is the name of this special token; null for none.
  const std::string* NamedStop(TokenId id) const;
  // Whether this step draws for it and may have drafts: all known tokens but one are computed.
  bool is_decoding() const {
    return length() - computed == 1 && output_length() > 0 && !scores_prompt();
  }
  // Where its output so far stands in the request's grammar; null: the output is free.
  const TokenConstraint* constraint() const { return constraint_ ? &*constraint_ : nullptr; }
  void SetConstraint(TokenConstraint constraint) { constraint_ = std::move(constraint); }
  SequenceKey key() const { return active_.order * kChoicesMax + static_cast<uint64_t>(index_); }

  // Takes the drawn token: what comes out for the reader, and why the choice ends, if it does.
  struct Accepted {
    Event event;
    std::optional<FinishReason> finish;
  };
  Accepted Accept(const DrawnToken& drawn, TimePoint now);
  Event MakeFinish(FinishReason reason, TimePoint now, const Status& error = {});

  // Fields of the engine's loop.
  State state = State::kWaiting;
  BlockTables blocks;
  int64_t computed = 0;                  // tokens whose KV is in `blocks`
  int64_t computed_max = 0;              // the most it ever was: what is below is recomputed
  int64_t registered_blocks = 0;         // of `blocks`, known to the prefix cache
  PrefixCache::Tip registered;           // the last of these
  std::optional<int64_t> cached_tokens;  // of the prompt, at the first admission
  Acceptance acceptance;
  int64_t draft_tokens = 0;     // that were verified
  int64_t accepted_tokens = 0;  // of these, those that came out

  // When its last token came; nothing before the first.
  std::optional<TimePoint> last_token_at() const { return last_token_; }

 private:
  ActiveRequest& active_;
  const int index_;
  const int64_t prompt_length_;
  std::vector<TokenId> tokens_;
  TokenHistory history_;
  TextOutput text_;
  std::optional<TokenConstraint> constraint_;
  int64_t scored_;
  std::vector<Event::PromptToken> prompt_report_;
  std::optional<TimePoint> first_token_;
  std::optional<TimePoint> last_token_;
};

}  // namespace pano::engine
