// The subset construction (Rabin and Scott 1959), with assertions: whether a zero-width condition
// holds at a position follows from the kind of the character before it, which is part of the
// subset's state, and of the one behind it, which is known when the next letter is read.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/grammar/regex/nfa.h"

namespace pano::grammar {

// Confined to one call.
class SubsetConstruction {
 public:
  SubsetConstruction(const Nfa& nfa, StepBudget& budget) : nfa_(nfa), budget_(budget) {}

  Result<Dfa> Run(uint32_t entry) {
    PANO_RETURN_IF_ERROR(SplitAlphabet());
    seen_.assign(nfa_.states_.size(), 0);
    // Without assertions it does not matter what stands before.
    PANO_RETURN_IF_ERROR(
        Number({entry}, nfa_.has_assertions_ ? Beside::kNothing : Beside::kOther).status());
    for (size_t at = 0; at < subsets_.size(); ++at) PANO_RETURN_IF_ERROR(AddEdges(at));
    return Minimize(Dfa(std::move(out_)));
  }

 private:
  enum class Beside : uint32_t { kNothing, kWord, kOther };
  struct Letters {
    std::vector<CharRange> ranges;
    bool word = false;
  };

  // Groups of characters that no set tells apart.
  Status SplitAlphabet() {
    std::vector<CharSet> sets = nfa_.sets_;
    const size_t word_set = sets.size();
    if (nfa_.has_word_boundaries_) sets.push_back(WordChars());
    struct Event {
      char32_t at;
      uint32_t set;
      bool begin;
    };
    std::vector<Event> events;
    for (uint32_t i = 0; i < sets.size(); ++i) {
      for (const CharRange& range : sets[i].ranges()) {
        events.push_back({range.first, i, true});
        events.push_back({range.last + 1, i, false});
      }
    }
    std::sort(events.begin(), events.end(),
              [](const Event& a, const Event& b) { return a.at < b.at; });
    std::set<uint32_t> active;
    std::map<std::vector<uint32_t>, uint32_t> group_of;
    letters_of_.resize(sets.size());
    for (size_t i = 0; i < events.size();) {
      const char32_t begin = events[i].at;
      for (; i < events.size() && events[i].at == begin; ++i) {
        // Ranges of one set never touch, so that an end never meets a beginning of the same set.
        if (events[i].begin) {
          active.insert(events[i].set);
        } else {
          active.erase(events[i].set);
        }
      }
      if (active.empty() || i == events.size()) continue;
      PANO_RETURN_IF_ERROR(budget_.Spend(active.size() + 1, "[regex] its alphabet"));
      std::vector<uint32_t> key(active.begin(), active.end());
      const auto [group, added] =
          group_of.try_emplace(std::move(key), static_cast<uint32_t>(letters_.size()));
      if (added) {
        letters_.emplace_back();
        letters_.back().word = active.contains(static_cast<uint32_t>(word_set));
        for (uint32_t set : active) letters_of_[set].push_back(group->second);
      }
      letters_[group->second].ranges.push_back({begin, events[i].at - 1});
    }
    targets_.resize(letters_.size());
    return OkStatus();
  }

  bool Holds(Assertion assertion, Beside before, Beside behind) const {
    switch (assertion) {
      case Assertion::kTextBegin:
        return before == Beside::kNothing;
      case Assertion::kTextEnd:
        return behind == Beside::kNothing;
      case Assertion::kWordBoundary:
        return (before == Beside::kWord) != (behind == Beside::kWord);
      case Assertion::kNoWordBoundary:
        return (before == Beside::kWord) == (behind == Beside::kWord);
    }
    return false;
  }

  // The set states and the end that `kernel` reaches without a letter, into closure_.
  Status Close(const std::vector<uint32_t>& kernel, Beside before, Beside behind) {
    closure_.clear();
    accepts_ = false;
    ++round_;
    std::vector<uint32_t>& stack = stack_;
    stack.assign(kernel.begin(), kernel.end());
    size_t steps = 0;
    while (!stack.empty()) {
      const uint32_t index = stack.back();
      stack.pop_back();
      ++steps;
      if (seen_[index] == round_) continue;
      seen_[index] = round_;
      const Nfa::State& state = nfa_.states_[index];
      switch (state.kind) {
        case Nfa::Kind::kEnd:
          accepts_ = true;
          break;
        case Nfa::Kind::kSet:
          closure_.push_back(index);
          break;
        case Nfa::Kind::kChoice:
          stack.push_back(state.next);
          if (state.other != state.next) stack.push_back(state.other);
          break;
        case Nfa::Kind::kAssert:
          if (Holds(state.assertion, before, behind)) stack.push_back(state.next);
          break;
      }
    }
    return budget_.Spend(steps, "[regex] its automaton");
  }

  // The number of the DFA state for these NFA states behind a character of kind `before`.
  Result<uint32_t> Number(std::vector<uint32_t> kernel, Beside before) {
    if (!nfa_.has_assertions_) {
      // Subsets with one closure are one state: named by it, there are fewer.
      PANO_RETURN_IF_ERROR(Close(kernel, before, Beside::kOther));
      kernel = closure_;
      if (accepts_) kernel.push_back(nfa_.end());
    }
    std::sort(kernel.begin(), kernel.end());
    kernel.erase(std::unique(kernel.begin(), kernel.end()), kernel.end());
    PANO_RETURN_IF_ERROR(budget_.Spend(kernel.size() + 1, "[regex] its automaton"));
    std::vector<uint32_t> key = std::move(kernel);
    key.push_back(static_cast<uint32_t>(before));
    const auto [at, added] = numbers_.try_emplace(key, static_cast<uint32_t>(subsets_.size()));
    if (added) {
      if (subsets_.size() >= nfa_.limits_.dfa_states_max) {
        return Status(StatusCode::kExhausted, StrCat("[regex] its automaton has more than ",
                                                     nfa_.limits_.dfa_states_max, " states"))
            .WithReason("too_complex");
      }
      subsets_.push_back(&at->first);
      out_.emplace_back();
    }
    return at->second;
  }

  Status AddEdges(size_t at) {
    std::vector<uint32_t> kernel(*subsets_[at]);
    const auto before = static_cast<Beside>(kernel.back());
    kernel.pop_back();
    PANO_RETURN_IF_ERROR(Close(kernel, before, Beside::kNothing));
    out_[at].accepting = accepts_;
    if (!nfa_.has_assertions_ || !nfa_.has_word_boundaries_) {
      if (nfa_.has_assertions_) PANO_RETURN_IF_ERROR(Close(kernel, before, Beside::kOther));
      return AddEdgesOver(at, [](const Letters&) { return true; });
    }
    for (const bool word : {false, true}) {
      PANO_RETURN_IF_ERROR(Close(kernel, before, word ? Beside::kWord : Beside::kOther));
      PANO_RETURN_IF_ERROR(
          AddEdgesOver(at, [word](const Letters& letters) { return letters.word == word; }));
    }
    return OkStatus();
  }

  // Edges of closure_ over the letters that `wanted` picks.
  template <typename Wanted>
  Status AddEdgesOver(size_t at, const Wanted& wanted) {
    std::vector<uint32_t> used;
    const std::vector<uint32_t> closure = closure_;  // Number() closes again
    for (uint32_t index : closure) {
      const Nfa::State& state = nfa_.states_[index];
      const std::vector<uint32_t>& groups = letters_of_[state.set];
      PANO_RETURN_IF_ERROR(budget_.Spend(groups.size(), "[regex] its automaton"));
      for (uint32_t group : groups) {
        if (!wanted(letters_[group])) continue;
        if (targets_[group].empty()) used.push_back(group);
        targets_[group].push_back(state.next);
      }
    }
    for (uint32_t group : used) {
      const Letters& letters = letters_[group];
      const Beside kind =
          nfa_.has_word_boundaries_ && letters.word ? Beside::kWord : Beside::kOther;
      std::vector<uint32_t> kernel = std::move(targets_[group]);
      targets_[group].clear();
      PANO_ASSIGN_OR_RETURN(const uint32_t target, Number(std::move(kernel), kind));
      edges_ += letters.ranges.size();
      if (edges_ > nfa_.limits_.dfa_edges_max) {
        return Status(StatusCode::kExhausted, StrCat("[regex] its automaton has more than ",
                                                     nfa_.limits_.dfa_edges_max, " edges"))
            .WithReason("too_complex");
      }
      for (const CharRange& range : letters.ranges) {
        out_[at].edges.push_back({range.first, range.last, target});
      }
    }
    return OkStatus();
  }

  struct KeyHash {
    size_t operator()(const std::vector<uint32_t>& key) const {
      uint64_t hash = 0xcbf29ce484222325;
      for (uint32_t word : key) hash = (hash ^ word) * 0x100000001b3 + (hash >> 31);
      return hash;
    }
  };

  const Nfa& nfa_;
  StepBudget& budget_;
  std::vector<Letters> letters_;
  std::vector<std::vector<uint32_t>> letters_of_;  // by set: indices into letters_
  std::vector<std::vector<uint32_t>> targets_;     // by letters: scratch
  std::unordered_map<std::vector<uint32_t>, uint32_t, KeyHash> numbers_;
  std::vector<const std::vector<uint32_t>*> subsets_;  // keys of numbers_, which stay in place
  std::vector<Dfa::State> out_;
  size_t edges_ = 0;
  std::vector<uint32_t> closure_, stack_;
  std::vector<uint64_t> seen_;
  uint64_t round_ = 0;
  bool accepts_ = false;
};

Result<Dfa> Nfa::Determinize(uint32_t entry, StepBudget& budget) const {
  return SubsetConstruction(*this, budget).Run(entry);
}

}  // namespace pano::grammar
