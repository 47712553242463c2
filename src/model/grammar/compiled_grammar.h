#pragma once

#include <cstddef>
#include <memory>

#include "base/result.h"
#include "model/grammar/grammar.h"
#include "model/grammar/token_table.h"

namespace pano::grammar {

class MaskCache;
class WorkspacePool;

// A grammar with a vocabulary: what many sequences share. For each state of the automaton it keeps
// the mask of the tokens that are allowed whatever lies on the stack, and where the others leave
// the state's rule; for whole configurations the finished masks. Both are filled when they are
// first needed, so that compiling costs next to nothing, and stay within `mask_bytes_max`.
// Thread-safe.
class CompiledGrammar {
 public:
  struct Options {
    size_t mask_bytes_max = 64 << 20;   // of cached masks; what does not fit is computed again
  };

  static Result<std::shared_ptr<const CompiledGrammar>> Compile(
      Grammar grammar, std::shared_ptr<const TokenTable> table, const Options& options);
  static Result<std::shared_ptr<const CompiledGrammar>> Compile(
      Grammar grammar, std::shared_ptr<const TokenTable> table) {
    return Compile(std::move(grammar), std::move(table), Options{});
  }
  ~CompiledGrammar();
  CompiledGrammar(const CompiledGrammar&) = delete;
  CompiledGrammar& operator=(const CompiledGrammar&) = delete;

  const Grammar& grammar() const { return grammar_; }
  const TokenTable& table() const { return *table_; }
  // Now, with the masks cached so far; without the table, which models share.
  size_t memory_bytes() const;
  size_t masks_bytes() const;   // of the cached masks alone

  // For the module's own files.
  MaskCache& masks() const { return *masks_; }
  WorkspacePool& workspaces() const { return *workspaces_; }

 private:
  CompiledGrammar(Grammar grammar, std::shared_ptr<const TokenTable> table, const Options& options);

  Grammar grammar_;
  std::shared_ptr<const TokenTable> table_;
  std::unique_ptr<MaskCache> masks_;
  std::unique_ptr<WorkspacePool> workspaces_;
};

}  // namespace pano::grammar
