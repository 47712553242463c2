#include "model/grammar/compiled_grammar.h"

#include <utility>

#include "base/check.h"
#include "model/grammar/mask_cache.h"
#include "model/grammar/workspace.h"

namespace pano::grammar {

CompiledGrammar::CompiledGrammar(Grammar grammar, std::shared_ptr<const TokenTable> table,
                                 const Options& options)
    : grammar_(std::move(grammar)), table_(std::move(table)),
      masks_(std::make_unique<MaskCache>(options.mask_bytes_max)),
      workspaces_(std::make_unique<WorkspacePool>(grammar_.automaton())) {}

CompiledGrammar::~CompiledGrammar() = default;

Result<std::shared_ptr<const CompiledGrammar>> CompiledGrammar::Compile(
    Grammar grammar, std::shared_ptr<const TokenTable> table, const Options& options) {
  PANO_CHECK(table != nullptr);
  return std::shared_ptr<const CompiledGrammar>(
      new CompiledGrammar(std::move(grammar), std::move(table), options));
}

size_t CompiledGrammar::masks_bytes() const { return masks_->memory_bytes(); }

size_t CompiledGrammar::memory_bytes() const { return grammar_.memory_bytes() + masks_bytes(); }

}  // namespace pano::grammar
