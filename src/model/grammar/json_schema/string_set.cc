#include "model/grammar/json_schema/string_set.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace pano::grammar {
namespace {

// Lengths that are written out as states.
constexpr size_t kLengthMax = 20'000;

}  // namespace

StringSet::StringSet(Dfa letters) {
  if (!letters.IsAny()) letters_ = std::make_shared<const Dfa>(std::move(letters));
}

StringSet StringSet::OfLength(size_t min, std::optional<size_t> max) {
  if (max && *max < min) return None();
  StringSet out;
  out.min_ = min;
  out.max_ = max;
  return out;
}

Result<Dfa> StringSet::ToDfa(StepBudget& budget) const {
  if (letters_ != nullptr && letters_->empty()) return Dfa();
  if (min_ == 0 && !max_) return letters_ == nullptr ? Dfa::Any() : *letters_;
  if (letters_ != nullptr) {
    const std::optional<size_t> longest = letters_->LongestLength();
    const bool short_enough = !max_ || (longest && *longest <= *max_);
    if (short_enough && letters_->ShortestLength() >= min_) return *letters_;
    if (longest && *longest < min_) return Dfa();
  }
  if (std::max(min_, max_.value_or(0)) > kLengthMax) {
    return Status(StatusCode::kExhausted,
                  StrCat("a length above ", kLengthMax, " beside a pattern or format"))
        .WithReason("too_complex");
  }
  PANO_RETURN_IF_ERROR(budget.Spend(max_.value_or(min_) * 2 + 2, "lengths of strings"));
  const Dfa lengths = Dfa::OfLength(min_, max_);
  return letters_ == nullptr ? lengths : pano::grammar::Intersect(*letters_, lengths, budget);
}

Result<bool> StringSet::IsEmpty(StepBudget& budget) const {
  if (letters_ == nullptr) return max_ && *max_ < min_;
  if (letters_->empty()) return true;
  if (!max_ && min_ == 0) return false;
  PANO_ASSIGN_OR_RETURN(const Dfa dfa, ToDfa(budget));
  return dfa.empty();
}

Result<StringSet> Intersect(const StringSet& a, const StringSet& b, StepBudget& budget) {
  StringSet out = a;
  out.min_ = std::max(a.min_, b.min_);
  if (b.max_) out.max_ = std::min(a.max_.value_or(*b.max_), *b.max_);
  if (out.max_ && *out.max_ < out.min_) return StringSet::None();
  if (a.letters_ == nullptr) {
    out.letters_ = b.letters_;
  } else if (b.letters_ != nullptr && b.letters_ != a.letters_) {
    PANO_ASSIGN_OR_RETURN(Dfa both, Intersect(*a.letters_, *b.letters_, budget));
    out.letters_ = std::make_shared<const Dfa>(std::move(both));
  }
  return out;
}

Result<StringSet> Unite(const StringSet& a, const StringSet& b, StepBudget& budget) {
  if (a.any() || b.any()) return StringSet();
  if (a.letters_ != nullptr && a.letters_->empty()) return b;
  if (b.letters_ != nullptr && b.letters_->empty()) return a;
  PANO_ASSIGN_OR_RETURN(const Dfa left, a.ToDfa(budget));
  PANO_ASSIGN_OR_RETURN(const Dfa right, b.ToDfa(budget));
  PANO_ASSIGN_OR_RETURN(Dfa both, Unite(left, right, budget));
  return StringSet(std::move(both));
}

Result<StringSet> Complement(const StringSet& a, StepBudget& budget) {
  PANO_ASSIGN_OR_RETURN(const Dfa dfa, a.ToDfa(budget));
  PANO_ASSIGN_OR_RETURN(Dfa rest, Complement(dfa, budget));
  return StringSet(std::move(rest));
}

}  // namespace pano::grammar
