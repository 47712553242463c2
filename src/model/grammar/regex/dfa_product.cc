// Boolean operations on automata: pairs of states, one from each side.
#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/grammar/regex/dfa.h"

namespace pano::grammar {
namespace {

constexpr uint32_t kDead = std::numeric_limits<uint32_t>::max();  // has left its automaton
constexpr char32_t kPastEnd = 0x110000;

enum class Operation { kAnd, kOr, kMinus };

// The pairs that are reached, each with its number. Confined to one product.
class Product {
 public:
  Product(const Dfa& a, const Dfa& b, Operation operation, StepBudget& budget)
      : a_(a), b_(b), operation_(operation), budget_(budget) {}

  Result<Dfa> Run() {
    Number(a_.empty() ? kDead : 0, b_.empty() ? kDead : 0);
    for (size_t at = 0; at < pairs_.size(); ++at) {
      const auto [p, q] = pairs_[at];
      const bool in_a = p != kDead && a_.accepting(p);
      const bool in_b = q != kDead && b_.accepting(q);
      states_[at].accepting = operation_ == Operation::kAnd  ? in_a && in_b
                              : operation_ == Operation::kOr ? in_a || in_b
                                                             : in_a && !in_b;
      PANO_RETURN_IF_ERROR(AddEdges(at, p, q));
    }
    return Minimize(Dfa(std::move(states_)));
  }

 private:
  // kDead where the pair can accept nothing any more.
  uint32_t Number(uint32_t p, uint32_t q) {
    const bool hopeless = operation_ == Operation::kAnd     ? p == kDead || q == kDead
                          : operation_ == Operation::kMinus ? p == kDead
                                                            : p == kDead && q == kDead;
    if (hopeless) return kDead;
    const uint64_t key = (uint64_t{p} << 32) | q;
    const auto [at, added] = numbers_.try_emplace(key, static_cast<uint32_t>(pairs_.size()));
    if (added) {
      pairs_.emplace_back(p, q);
      states_.emplace_back();
    }
    return at->second;
  }

  // Walks both states' edges together; a gap on one side leads to kDead there.
  Status AddEdges(size_t at, uint32_t p, uint32_t q) {
    const auto left = p == kDead ? std::span<const Dfa::Edge>() : a_.edges(p);
    const auto right = q == kDead ? std::span<const Dfa::Edge>() : b_.edges(q);
    PANO_RETURN_IF_ERROR(budget_.Spend(left.size() + right.size() + 1, "a product of automata"));
    size_t i = 0, j = 0;
    char32_t from = 0;
    while (i < left.size() || j < right.size()) {
      const char32_t next_left = i < left.size() ? std::max(from, left[i].first) : kPastEnd;
      const char32_t next_right = j < right.size() ? std::max(from, right[j].first) : kPastEnd;
      from = std::min(next_left, next_right);
      const bool in_left = next_left == from, in_right = next_right == from;
      char32_t last = in_left ? left[i].last : char32_t{kPastEnd - 1};
      if (in_right) last = std::min(last, right[j].last);
      if (!in_left && i < left.size()) last = std::min<char32_t>(last, next_left - 1);
      if (!in_right && j < right.size()) last = std::min<char32_t>(last, next_right - 1);
      const uint32_t target =
          Number(in_left ? left[i].target : kDead, in_right ? right[j].target : kDead);
      if (target != kDead) states_[at].edges.push_back({from, last, target});
      if (in_left && left[i].last == last) ++i;
      if (in_right && right[j].last == last) ++j;
      from = last + 1;
    }
    return OkStatus();
  }

  const Dfa& a_;
  const Dfa& b_;
  const Operation operation_;
  StepBudget& budget_;
  std::vector<std::pair<uint32_t, uint32_t>> pairs_;
  std::vector<Dfa::State> states_;
  std::unordered_map<uint64_t, uint32_t> numbers_;
};

}  // namespace

Result<Dfa> Intersect(const Dfa& a, const Dfa& b, StepBudget& budget) {
  if (a.IsAny()) return b;
  if (b.IsAny()) return a;
  return Product(a, b, Operation::kAnd, budget).Run();
}

Result<Dfa> Unite(const Dfa& a, const Dfa& b, StepBudget& budget) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return Product(a, b, Operation::kOr, budget).Run();
}

Result<Dfa> Subtract(const Dfa& a, const Dfa& b, StepBudget& budget) {
  if (a.empty() || b.empty()) return a;
  return Product(a, b, Operation::kMinus, budget).Run();
}

Result<Dfa> Complement(const Dfa& a, StepBudget& budget) {
  return Product(Dfa::Any(), a, Operation::kMinus, budget).Run();
}

}  // namespace pano::grammar
