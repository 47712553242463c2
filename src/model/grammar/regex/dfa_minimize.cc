// Fewest states for a language: refinement of classes as Moore ("Gedanken-experiments on sequential
// machines", 1956) has it, looking again only at states whose targets changed class while the
// largest part of a class keeps its number (Hopcroft 1971), so that a state changes class log n
// times; automata without cycles in one pass from the ends (Revuz 1992).
#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/grammar/regex/dfa.h"

namespace pano::grammar {
namespace {

using Edge = Dfa::Edge;

struct SignatureHash {
  size_t operator()(const std::vector<uint32_t>& words) const {
    uint64_t hash = 0xcbf29ce484222325;
    for (uint32_t word : words) hash = (hash ^ word) * 0x100000001b3 + (hash >> 29);
    return hash;
  }
};

using Classes = std::unordered_map<std::vector<uint32_t>, uint32_t, SignatureHash>;

// What tells `state` from others, given the classes of its targets; ranges that lead to one class
// are joined, so that how they were cut does not matter.
std::vector<uint32_t> Signature(const Dfa& dfa, uint32_t state,
                                const std::vector<uint32_t>& class_of) {
  std::vector<uint32_t> words = {dfa.accepting(state) ? 1u : 0u};
  for (const Edge& edge : dfa.edges(state)) {
    const uint32_t target = class_of[edge.target];
    const size_t size = words.size();
    if (size > 3 && words[size - 1] == target && words[size - 2] + 1 == edge.first) {
      words[size - 2] = edge.last;
    } else {
      words.insert(words.end(), {edge.first, edge.last, target});
    }
  }
  return words;
}

// States in an order in which targets come before sources; shorter than all where there is a cycle.
std::vector<uint32_t> TargetsFirst(const Dfa& dfa) {
  const size_t count = dfa.state_count();
  std::vector<uint32_t> open(count);  // edges to states that are not placed yet
  std::vector<std::vector<uint32_t>> sources(count);
  std::vector<uint32_t> order;
  for (uint32_t state = 0; state < count; ++state) {
    open[state] = static_cast<uint32_t>(dfa.edges(state).size());
    for (const Edge& edge : dfa.edges(state)) sources[edge.target].push_back(state);
    if (open[state] == 0) order.push_back(state);
  }
  for (size_t at = 0; at < order.size(); ++at) {
    for (uint32_t source : sources[order[at]]) {
      if (--open[source] == 0) order.push_back(source);
    }
  }
  return order;
}

Dfa Merged(const Dfa& dfa, const std::vector<uint32_t>& class_of, size_t class_count) {
  // The first state's class comes first.
  std::vector<Dfa::State> states(class_count);
  std::vector<uint8_t> done(class_count);
  const uint32_t first = class_of[0];
  auto number = [first](uint32_t c) { return c == first ? 0 : c == 0 ? first : c; };
  for (uint32_t state = 0; state < dfa.state_count(); ++state) {
    const uint32_t merged = number(class_of[state]);
    if (done[merged]) continue;
    done[merged] = 1;
    states[merged].accepting = dfa.accepting(state);
    for (Edge edge : dfa.edges(state)) {
      edge.target = number(class_of[edge.target]);
      states[merged].edges.push_back(edge);
    }
  }
  return Dfa(std::move(states));
}

// Classes of states that no text tells apart. Confined to one call.
class Refinement {
 public:
  Refinement(const Dfa& dfa, uint64_t steps_max) : dfa_(dfa), steps_max_(steps_max) {}

  // False where it takes too long.
  bool Run() {
    const size_t count = dfa_.state_count();
    ListSources();
    class_of_.assign(count, 0);
    place_.resize(count);
    is_dirty_.assign(count, 1);
    is_named_.assign(count, 0);
    members_.resize(1);
    for (uint32_t state = 0; state < count; ++state) {
      place_[state] = state;
      members_[0].push_back(state);
      dirty_.push_back(state);
    }
    while (!dirty_.empty()) {
      std::vector<uint32_t> dirty = std::move(dirty_);
      dirty_.clear();
      std::sort(dirty.begin(), dirty.end(),
                [this](uint32_t a, uint32_t b) { return class_of_[a] < class_of_[b]; });
      // Signatures are of the classes as they are now, before any of this round's splits.
      std::vector<Part> parts = PartsOf(dirty);
      if (steps_ > steps_max_) return false;
      for (uint32_t state : dirty) is_dirty_[state] = 0;
      for (Part& part : parts) Split(part);
    }
    return true;
  }

  const std::vector<uint32_t>& class_of() const { return class_of_; }
  size_t class_count() const { return members_.size(); }

 private:
  // How the states of one class that were looked at again divide; `rest` is the group of those that
  // were not, if there are any.
  struct Part {
    uint32_t of = 0;
    std::vector<std::vector<uint32_t>> groups;
    size_t rest = 0;
    size_t rest_size = 0;
  };

  void ListSources() {
    offsets_.assign(dfa_.state_count() + 1, 0);
    for (uint32_t state = 0; state < dfa_.state_count(); ++state) {
      for (const Edge& edge : dfa_.edges(state)) ++offsets_[edge.target + 1];
    }
    for (size_t i = 1; i < offsets_.size(); ++i) offsets_[i] += offsets_[i - 1];
    sources_.resize(offsets_.back());
    std::vector<uint32_t> next(offsets_.begin(), offsets_.end() - 1);
    for (uint32_t state = 0; state < dfa_.state_count(); ++state) {
      for (const Edge& edge : dfa_.edges(state)) sources_[next[edge.target]++] = state;
    }
  }

  std::vector<uint32_t> SignatureOf(uint32_t state) {
    std::vector<uint32_t> signature = Signature(dfa_, state, class_of_);
    steps_ += signature.size() + 1;
    return signature;
  }

  std::vector<Part> PartsOf(const std::vector<uint32_t>& dirty) {
    std::vector<Part> parts;
    for (size_t i = 0; i < dirty.size() && steps_ <= steps_max_;) {
      Part part;
      part.of = class_of_[dirty[i]];
      Classes groups;
      const size_t begin = i;
      for (; i < dirty.size() && class_of_[dirty[i]] == part.of; ++i) {
        const size_t group =
            groups.try_emplace(SignatureOf(dirty[i]), static_cast<uint32_t>(groups.size()))
                .first->second;
        if (group == part.groups.size()) part.groups.emplace_back();
        part.groups[group].push_back(dirty[i]);
      }
      const std::vector<uint32_t>& members = members_[part.of];
      part.rest = part.groups.size();
      part.rest_size = members.size() - (i - begin);
      if (part.rest_size > 0) {
        const uint32_t other = *std::find_if(members.begin(), members.end(),
                                             [this](uint32_t state) { return !is_dirty_[state]; });
        part.rest = groups.try_emplace(SignatureOf(other), static_cast<uint32_t>(groups.size()))
                        .first->second;
        if (part.rest == part.groups.size()) part.groups.emplace_back();
      }
      if (part.groups.size() > 1) parts.push_back(std::move(part));
    }
    return parts;
  }

  void Split(Part& part) {
    size_t largest = 0, largest_size = 0;
    for (size_t i = 0; i < part.groups.size(); ++i) {
      const size_t size = part.groups[i].size() + (i == part.rest ? part.rest_size : 0);
      if (size > largest_size) {
        largest = i;
        largest_size = size;
      }
    }
    if (part.rest_size > 0 && largest != part.rest) {
      // Those that were not looked at are fewer than those that were: they are named one by one.
      std::vector<uint32_t>& rest = part.groups[part.rest];
      const std::vector<std::vector<uint32_t>> looked_at = part.groups;
      for (const std::vector<uint32_t>& group : looked_at) {
        for (uint32_t state : group) is_named_[state] = 1;
      }
      for (uint32_t state : members_[part.of]) {
        if (!is_named_[state]) rest.push_back(state);
      }
      for (const std::vector<uint32_t>& group : looked_at) {
        for (uint32_t state : group) is_named_[state] = 0;
      }
    }
    for (size_t i = 0; i < part.groups.size(); ++i) {
      if (i != largest) Move(part.groups[i], part.of);
    }
  }

  // Makes a class of `states`, which leave `from`.
  void Move(const std::vector<uint32_t>& states, uint32_t from) {
    const auto to = static_cast<uint32_t>(members_.size());
    members_.emplace_back();
    for (uint32_t state : states) {
      std::vector<uint32_t>& old = members_[from];
      const uint32_t last = old.back();
      old[place_[state]] = last;
      place_[last] = place_[state];
      old.pop_back();
      place_[state] = static_cast<uint32_t>(members_[to].size());
      members_[to].push_back(state);
      class_of_[state] = to;
      for (uint32_t at = offsets_[state]; at < offsets_[state + 1]; ++at) {
        ++steps_;
        if (is_dirty_[sources_[at]]) continue;
        is_dirty_[sources_[at]] = 1;
        dirty_.push_back(sources_[at]);
      }
    }
  }

  const Dfa& dfa_;
  const uint64_t steps_max_;
  uint64_t steps_ = 0;
  std::vector<uint32_t> offsets_, sources_;     // edges backwards, by target
  std::vector<uint32_t> class_of_, place_;      // by state: its class, its index there
  std::vector<std::vector<uint32_t>> members_;  // by class
  std::vector<uint8_t> is_dirty_, is_named_;
  std::vector<uint32_t> dirty_;  // to be looked at again
};

}  // namespace

Dfa Minimize(Dfa dfa, uint64_t steps_max) {
  const size_t count = dfa.state_count();
  if (count <= 1) return dfa;
  std::vector<uint32_t> class_of(count);
  if (const std::vector<uint32_t> order = TargetsFirst(dfa); order.size() == count) {
    Classes classes;
    for (uint32_t state : order) {
      class_of[state] =
          classes
              .try_emplace(Signature(dfa, state, class_of), static_cast<uint32_t>(classes.size()))
              .first->second;
    }
    return classes.size() == count ? std::move(dfa) : Merged(dfa, class_of, classes.size());
  }
  Refinement refinement(dfa, steps_max);
  if (!refinement.Run() || refinement.class_count() == count) return dfa;
  return Merged(dfa, refinement.class_of(), refinement.class_count());
}

}  // namespace pano::grammar
