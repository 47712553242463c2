#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pano::type_choice {

// The work for which a type should be fastest: one request, alone on the machine.
struct Work {
  int64_t prompt_tokens = 512;
  int64_t generated_tokens = 128;
};

// How far a type may be from the source in f32, over the same text.
struct Bounds {
  double mean_kl = 0.02;                   // nats a token
  std::optional<double> perplexity_ratio = {};  // none: not looked at
};

// What was measured of one type.
struct Candidate {
  std::string type;
  std::string unusable = {};  // why the model cannot be written so; the rest means nothing then
  double bits_per_weight = 0;
  double prefill = 0, decode = 0;  // tokens a second, one sequence
  double mean_kl = 0;
  double perplexity_ratio = 0;
};

struct Choice {
  std::optional<size_t> taken;       // of the candidates; none: nothing meets the bounds
  std::vector<std::string> reasons;  // of each candidate: why it was taken or not
};

// Seconds that `work` takes by the candidate's rates. REQUIRES: rates above zero.
double SecondsOf(const Candidate& candidate, const Work& work);

// The type that does the work soonest of those within the bounds. What is slower by less than
// `kAlike` counts as equally fast: of those the one nearest to the source is taken, and of equals
// the first. A pure function, so the same measurements give the same choice.
inline constexpr double kAlike = 0.03;
Choice ChooseType(const std::vector<Candidate>& candidates, const Work& work, const Bounds& bounds);

// What to do about a choice that took nothing: which candidate is nearest, and by how much it misses.
std::string WhyNothing(const std::vector<Candidate>& candidates, const Bounds& bounds);

}  // namespace pano::type_choice
