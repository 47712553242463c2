#include "model/tokenizer/train/pair_merger.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace pano::tokenizer {

Status PairMerger::AddWord(std::span<const int32_t> ids, uint64_t count) {
  if (ids.size() < 2 || count == 0) return {};
  if (symbols_.size() + ids.size() >= kNone) {
    return Status(StatusCode::kExhausted,
                  StrCat("the distinct words have more than ", kNone, " symbols: train on a sample"));
  }
  const auto word = static_cast<uint32_t>(counts_.size());
  counts_.push_back(count);
  const auto begin = static_cast<uint32_t>(symbols_.size());
  const auto end = static_cast<uint32_t>(begin + ids.size());
  for (uint32_t place = begin; place < end; ++place) {
    Symbol symbol;
    symbol.id = ids[place - begin];
    symbol.word = word;
    if (place > begin) symbol.previous = place - 1;
    if (place + 1 < end) symbol.next = place + 1;
    symbols_.push_back(symbol);
    const auto id = static_cast<size_t>(symbol.id);
    if (id >= characters_.size()) characters_.resize(id + 1, 1);
  }
  for (uint32_t place = begin; place + 1 < end; ++place) Link(place);
  return {};
}

std::optional<PairMerger::Pair> PairMerger::Best() {
  PushGrown();
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate top = heap_.back();
    const Entry* entry = Find(top.key);
    if (entry == nullptr) {
      heap_.pop_back();
    } else if (entry->count != top.count) {
      heap_.back().count = entry->count;
      std::push_heap(heap_.begin(), heap_.end());
    } else {
      heap_.pop_back();
      return Pair{static_cast<int32_t>(top.key >> 32), static_cast<int32_t>(top.key & UINT32_MAX),
                  top.count};
    }
  }
  return std::nullopt;
}

void PairMerger::Merge(const Pair& pair, int32_t id) {
  const auto index = static_cast<size_t>(id);
  if (index >= characters_.size()) characters_.resize(index + 1, 1);
  characters_[index] = characters_[static_cast<size_t>(pair.left)] +
                       characters_[static_cast<size_t>(pair.right)];
  ++merge_;
  // In a run of one symbol the places overlap, and those from the left win.
  for (uint32_t place : TakePlaces(KeyOf(pair.left, pair.right), pair.left == pair.right)) {
    const uint32_t right = symbols_[place].next;
    if (symbols_[place].id != pair.left || right == kNone || symbols_[right].id != pair.right) continue;
    const uint32_t previous = symbols_[place].previous;
    const uint32_t next = symbols_[right].next;
    if (previous != kNone) Unlink(previous);
    if (next != kNone) Unlink(right);
    symbols_[place].id = id;
    symbols_[place].next = next;
    symbols_[right].id = -1;
    if (next != kNone) symbols_[next].previous = place;
    if (previous != kNone) Link(previous);
    if (next != kNone) Link(place);
  }
}

// Whether the pair counts at all: not when it would become too long.
bool PairMerger::Counts(int32_t left, int32_t right) const {
  if (!characters_max_) return true;
  const int64_t characters =
      characters_[static_cast<size_t>(left)] + characters_[static_cast<size_t>(right)];
  return characters <= 2 || characters < *characters_max_;
}

// Adds the pair that begins at `place` to its list.
void PairMerger::Link(uint32_t place) {
  Symbol& symbol = symbols_[place];
  const int32_t right = symbols_[symbol.next].id;
  symbol.before = symbol.after = kNone;
  if (!Counts(symbol.id, right)) return;
  Entry& entry = FindOrAdd(KeyOf(symbol.id, right));
  entry.count += counts_[symbol.word];
  symbol.after = entry.first;
  if (entry.first != kNone) symbols_[entry.first].before = place;
  entry.first = place;
  if (entry.grown_in != merge_) {
    entry.grown_in = merge_;
    grown_.push_back(entry.key);
  }
}

// Takes the pair that begins at `place` out of its list; a pair whose places are being merged, or that
// does not count, is in none.
void PairMerger::Unlink(uint32_t place) {
  const Symbol& symbol = symbols_[place];
  const size_t slot = SlotOf(KeyOf(symbol.id, symbols_[symbol.next].id));
  Entry& entry = entries_[slot];
  if (entry.key == kFree) return;
  if (symbol.before != kNone) symbols_[symbol.before].after = symbol.after;
  else entry.first = symbol.after;
  if (symbol.after != kNone) symbols_[symbol.after].before = symbol.before;
  entry.count -= counts_[symbol.word];
  if (entry.first == kNone) Erase(slot);
}

std::vector<uint32_t> PairMerger::TakePlaces(uint64_t key, bool ascending) {
  std::vector<uint32_t> places;
  const size_t slot = SlotOf(key);
  PANO_CHECK(entries_[slot].key == key);
  for (uint32_t place = entries_[slot].first; place != kNone; place = symbols_[place].after) {
    places.push_back(place);
  }
  Erase(slot);
  if (ascending) std::sort(places.begin(), places.end());
  return places;
}

// A pair's count is highest when it has just got places: from then on its candidate can only be too
// high, which Best notices.
void PairMerger::PushGrown() {
  for (uint64_t key : grown_) {
    const Entry* entry = Find(key);
    if (entry == nullptr) continue;
    heap_.push_back({entry->count, key});
    std::push_heap(heap_.begin(), heap_.end());
  }
  grown_.clear();
}

// The slot of the key, or the free one where it would go.
size_t PairMerger::SlotOf(uint64_t key) const {
  uint64_t hash = key ^ (key >> 31);
  hash *= 0x9e3779b97f4a7c15ull;
  hash ^= hash >> 29;
  const size_t mask = entries_.size() - 1;
  size_t slot = static_cast<size_t>(hash) & mask;
  while (entries_[slot].key != key && entries_[slot].key != kFree) slot = (slot + 1) & mask;
  return slot;
}

PairMerger::Entry* PairMerger::Find(uint64_t key) {
  Entry& entry = entries_[SlotOf(key)];
  return entry.key == key ? &entry : nullptr;
}

PairMerger::Entry& PairMerger::FindOrAdd(uint64_t key) {
  if ((entry_count_ + 1) * 3 > entries_.size() * 2) Grow();
  Entry& entry = entries_[SlotOf(key)];
  if (entry.key == kFree) {
    entry.key = key;
    ++entry_count_;
  }
  return entry;
}

// Later entries of the same run of slots move up, so that no search meets a gap.
void PairMerger::Erase(size_t slot) {
  const size_t mask = entries_.size() - 1;
  entries_[slot] = Entry();
  --entry_count_;
  for (size_t other = (slot + 1) & mask; entries_[other].key != kFree; other = (other + 1) & mask) {
    const Entry moved = entries_[other];
    entries_[other] = Entry();
    entries_[SlotOf(moved.key)] = moved;
  }
}

void PairMerger::Grow() {
  std::vector<Entry> old(entries_.size() * 2);
  old.swap(entries_);
  for (const Entry& entry : old) {
    if (entry.key != kFree) entries_[SlotOf(entry.key)] = entry;
  }
}

}  // namespace pano::tokenizer
