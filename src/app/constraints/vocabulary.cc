#include "app/constraints/vocabulary.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::constraints {
namespace {

// Beside what a grammar holds: its entry, its places in the index.
constexpr size_t kEntryBytes = 512;

size_t BytesOf(const Result<GrammarPtr>& result) {
  return result.ok() ? (*result)->memory_bytes() : result.error().message().size();
}

}  // namespace

Vocabulary::Vocabulary(tokenizer::TokenizerPtr tokenizer, int64_t vocab_size, size_t cache_bytes_max,
                       std::vector<int32_t> shown_special)
    : tokenizer_(std::move(tokenizer)),
      vocab_size_(vocab_size),
      cache_bytes_max_(cache_bytes_max),
      shown_special_(std::move(shown_special)) {}

// What a special token stands for is no text, and what the tokenizer does not know is nothing.
Result<std::shared_ptr<const grammar::TokenTable>> Vocabulary::Table() {
  MutexLock lock(table_mu_);
  if (table_) return table_;
  const auto size = static_cast<int32_t>(std::min<int64_t>(vocab_size_, tokenizer_->vocab_size()));
  std::vector<std::string> tokens(static_cast<size_t>(std::max(size, 0)));
  for (int32_t id = 0; id < size; ++id) {
    std::string& token = tokens[static_cast<size_t>(id)];
    if (!tokenizer_->IsSpecial(id)) {
      token = tokenizer_->Bytes(id);
    } else if (std::ranges::binary_search(shown_special_, id)) {
      token = std::string(tokenizer_->Piece(id));
    }
  }
  PANO_ASSIGN_OR_RETURN(table_, grammar::TokenTable::Create(tokens));
  return table_;
}

std::string Vocabulary::KeyOf(const Source& source) {
  return StrCat(KindName(source.kind), "\n", source.text);
}

std::optional<Result<GrammarPtr>> Vocabulary::Find(const Source& source) {
  const std::string key = KeyOf(source);
  MutexLock lock(mu_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return entries_.front().result;
}

void Vocabulary::Keep(const Source& source, Result<GrammarPtr> result) {
  MutexLock lock(mu_);
  std::string key = KeyOf(source);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    const auto entry = found->second;
    by_key_.erase(found);
    entries_.erase(entry);
  }
  entries_.push_front({std::move(key), std::move(result)});
  by_key_[entries_.front().key] = entries_.begin();
  Forget();
}

// Grammars grow while they are used, with their masks: all are measured again.
void Vocabulary::Forget() {
  bytes_ = 0;
  auto kept = entries_.begin();
  for (size_t count = 0; kept != entries_.end() && count < kCacheEntriesMax; ++kept, ++count) {
    const size_t bytes = kEntryBytes + 2 * kept->key.size() + BytesOf(kept->result);
    if (bytes_ + bytes > cache_bytes_max_) break;
    bytes_ += bytes;
  }
  for (auto entry = kept; entry != entries_.end(); ++entry) by_key_.erase(entry->key);
  entries_.erase(kept, entries_.end());
}

size_t Vocabulary::cached_bytes() const {
  MutexLock lock(mu_);
  return bytes_;
}

}  // namespace pano::constraints
