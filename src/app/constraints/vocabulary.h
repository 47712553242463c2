#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/constraints/source.h"
#include "base/mutex.h"
#include "base/result.h"
#include "model/grammar/compiled_grammar.h"
#include "model/grammar/token_table.h"
#include "model/tokenizer/fwd.h"

namespace pano::constraints {

using GrammarPtr = std::shared_ptr<const grammar::CompiledGrammar>;

// One model's vocabulary as grammars see it, and the grammars that were compiled for it, the least
// recently used ones forgotten beyond a bound of bytes. Lives with its model. Thread-safe.
class Vocabulary {
 public:
  static constexpr size_t kCacheBytesMax = 256u << 20;
  // All entries are measured when one is added; refusals are small, and half a million of them would fit.
  static constexpr size_t kCacheEntriesMax = 4096;

  // `vocab_size`: the model's; longer vocabularies of the tokenizer are cut.
  // `shown_special`: special tokens that are text all the same, ascending.
  Vocabulary(tokenizer::TokenizerPtr tokenizer, int64_t vocab_size,
             size_t cache_bytes_max = kCacheBytesMax, std::vector<int32_t> shown_special = {});

  // Made at the first call: a tenth of a second for a large vocabulary.
  Result<std::shared_ptr<const grammar::TokenTable>> Table();

  // A grammar, or why there is none, that was kept; nothing when there is none.
  std::optional<Result<GrammarPtr>> Find(const Source& source);
  void Keep(const Source& source, Result<GrammarPtr> result);
  size_t cached_bytes() const;

  static std::string KeyOf(const Source& source);

 private:
  struct Entry {
    std::string key;
    Result<GrammarPtr> result;
  };
  void Forget() PANO_REQUIRES(mu_);

  const tokenizer::TokenizerPtr tokenizer_;
  const int64_t vocab_size_;
  const size_t cache_bytes_max_;
  const std::vector<int32_t> shown_special_;

  Mutex table_mu_;  // held while the table is made
  std::shared_ptr<const grammar::TokenTable> table_ PANO_GUARDED_BY(table_mu_);

  mutable Mutex mu_;
  std::list<Entry> entries_ PANO_GUARDED_BY(mu_);  // the latest used first
  // Keys are those of the entries.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_ PANO_GUARDED_BY(mu_);
  size_t bytes_ PANO_GUARDED_BY(mu_) = 0;
};

using VocabularyPtr = std::shared_ptr<Vocabulary>;

}  // namespace pano::constraints
