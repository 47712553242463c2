#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace pano::tokenizer {

// The inner loop of learning byte-pair merges (Sennrich, Haddow and Birch, "Neural Machine
// Translation of Rare Words with Subword Units", ACL 2016), made incremental: every symbol of the
// distinct words is a node that knows its neighbours, and hangs in the list of the places of the pair
// that it begins. A merge touches only those places, so that all merges together are linear in the
// text but for a heap's logarithm, however long a word is. A pair counts at every place where it
// stands, overlapping or not, weighted by the count of the word; counts are always those that a
// recount would give. Thread-compatible.
class PairMerger {
 public:
  struct Pair {
    int32_t left = 0;
    int32_t right = 0;
    uint64_t count = 0;
  };

  // A pair whose symbols together write three or more characters counts only if they are fewer than
  // `characters_max`.
  explicit PairMerger(std::optional<int64_t> characters_max = {}) : characters_max_(characters_max) {}

  // How many symbols will be added, so that memory is taken once.
  void Reserve(size_t symbols) { symbols_.reserve(symbols); }
  // Adds a word that stands `count` times in the text. REQUIRES: no merge so far; ids >= 0, each of
  // one character. Exhausted when there are more symbols than can be numbered.
  Status AddWord(std::span<const int32_t> ids, uint64_t count);
  // The pair with the highest count; of several the one with the smallest left id, then the smallest
  // right id. Nothing when there is none.
  std::optional<Pair> Best();
  // Replaces the pair by `id` wherever it stands, in runs from the left. REQUIRES: it is the last
  // that Best answered.
  void Merge(const Pair& pair, int32_t id);

  size_t symbols() const { return symbols_.size(); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Symbol {
    int32_t id = 0;              // -1: merged into the one before
    uint32_t word = 0;
    uint32_t previous = kNone;   // neighbours in the word
    uint32_t next = kNone;
    uint32_t before = kNone;     // neighbours in the list of the pair that begins here
    uint32_t after = kNone;
  };
  // The places of one pair. Lies in an open-addressed table; key kFree is a free slot.
  struct Entry {
    uint64_t key = kFree;
    uint64_t count = 0;
    uint32_t first = kNone;
    uint32_t grown_in = 0;       // the merge that last added a place
  };
  struct Candidate {
    uint64_t count = 0;
    uint64_t key = 0;
    bool operator<(const Candidate& other) const {   // the top of a heap is the best
      return count != other.count ? count < other.count : key > other.key;
    }
  };
  static constexpr uint64_t kFree = UINT64_MAX;

  static uint64_t KeyOf(int32_t left, int32_t right) {
    return (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) | static_cast<uint32_t>(right);
  }
  size_t SlotOf(uint64_t key) const;
  Entry* Find(uint64_t key);
  Entry& FindOrAdd(uint64_t key);
  void Erase(size_t slot);
  void Grow();
  bool Counts(int32_t left, int32_t right) const;
  void Link(uint32_t place);
  void Unlink(uint32_t place);
  std::vector<uint32_t> TakePlaces(uint64_t key, bool ascending);
  void PushGrown();

  const std::optional<int64_t> characters_max_;
  std::vector<Symbol> symbols_;
  std::vector<uint64_t> counts_;        // by word
  std::vector<int64_t> characters_;     // by id, filled as ids are made
  std::vector<Entry> entries_ = std::vector<Entry>(1 << 10);
  size_t entry_count_ = 0;
  std::vector<Candidate> heap_;         // counts may be out of date: too high, never too low
  std::vector<uint64_t> grown_;         // pairs that got places since the last PushGrown
  uint32_t merge_ = 1;                  // number of the merge that is being made
};

}  // namespace pano::tokenizer
