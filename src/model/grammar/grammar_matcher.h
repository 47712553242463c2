#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/grammar/compiled_grammar.h"
#include "model/grammar/configuration.h"

namespace pano::grammar {

// Where one sequence stands in a grammar. A copy shares the stacks and costs some reference counts,
// so to try tokens (speculation) take a copy and go back to it. Thread-compatible; copies may be
// used by different threads.
class GrammarMatcher {
 public:
  explicit GrammarMatcher(std::shared_ptr<const CompiledGrammar> compiled);

  // The text goes on with the token, or with the bytes. False: the grammar does not allow that
  // here; the matcher stays as it was. An end token is not a token of the text: the caller takes it
  // where IsAccepting().
  bool AcceptToken(int32_t id);
  bool AcceptBytes(std::string_view bytes);

  // The text so far is whole. It may also be one that can go on.
  bool IsAccepting() const { return configuration_.accepting(); }
  // Nothing can follow: the text has to end here (accepting).
  bool IsFinished() const { return configuration_.items().empty(); }
  // No text of the grammar begins with what was read. Only after exceeded(): bytes that do not fit
  // are refused by Accept and change nothing.
  bool IsDead() const { return IsFinished() && !IsAccepting(); }
  // Ambiguity made the last step larger than kItemsMax allows; that step was refused.
  bool exceeded() const { return exceeded_; }

  // Bit id % 32 of bits[id / 32] is set for each token that may come next and cleared for every
  // other id; bits beyond the vocabulary are cleared. End tokens are the caller's: allowed if and
  // only if IsAccepting(). kExhausted, with all bits cleared, where the grammar is too ambiguous
  // here. REQUIRES: bits.size() >= mask_words() of the table.
  Status FillMask(std::span<uint32_t> bits) const;
  // The only token that may come next and no end; -1 where there are several, none, or an end.
  // Costs as much as FillMask.
  int32_t ForcedToken() const;
  // The bytes that must come next because nothing else can and the text may not end before them:
  // at most `bytes_max`, whole characters.
  std::string ForcedBytes(size_t bytes_max) const;

  const CompiledGrammar& compiled() const { return *compiled_; }
  const std::shared_ptr<const CompiledGrammar>& shared_compiled() const { return compiled_; }

 private:
  std::shared_ptr<const CompiledGrammar> compiled_;
  Configuration configuration_;
  bool exceeded_ = false;
};

}  // namespace pano::grammar
