#include "pano/type_choice/choose_type.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano::type_choice {
namespace {

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

bool IsMeasured(const Candidate& c) {
  return c.unusable.empty() && c.prefill > 0 && c.decode > 0 && std::isfinite(c.mean_kl) &&
         std::isfinite(c.perplexity_ratio);
}

// What is wrong with the candidate; empty when it is within the bounds.
std::string Excess(const Candidate& c, const Bounds& bounds) {
  if (!c.unusable.empty()) return c.unusable;
  if (!IsMeasured(c)) return "its measurements are no numbers";
  if (c.mean_kl > bounds.mean_kl) {
    return StrCat("its mean KL of ", Short(c.mean_kl), " is above ", Short(bounds.mean_kl));
  }
  if (bounds.perplexity_ratio && c.perplexity_ratio > *bounds.perplexity_ratio) {
    return StrCat("its perplexity ratio of ", Short(c.perplexity_ratio), " is above ",
                  Short(*bounds.perplexity_ratio));
  }
  return "";
}

}  // namespace

double SecondsOf(const Candidate& candidate, const Work& work) {
  return static_cast<double>(work.prompt_tokens) / candidate.prefill +
         static_cast<double>(work.generated_tokens) / candidate.decode;
}

Choice ChooseType(const std::vector<Candidate>& candidates, const Work& work,
                  const Bounds& bounds) {
  Choice choice;
  std::vector<size_t> within;
  double least = INFINITY;
  for (size_t i = 0; i < candidates.size(); ++i) {
    choice.reasons.push_back(Excess(candidates[i], bounds));
    if (!choice.reasons[i].empty()) continue;
    within.push_back(i);
    least = std::min(least, SecondsOf(candidates[i], work));
  }
  for (const size_t i : within) {
    if (SecondsOf(candidates[i], work) > least * (1 + kAlike)) continue;
    if (!choice.taken || candidates[i].mean_kl < candidates[*choice.taken].mean_kl) {
      choice.taken = i;
    }
  }
  for (const size_t i : within) {
    const double seconds = SecondsOf(candidates[i], work);
    const double percent = std::round(100 * (seconds / least - 1));
    if (i == *choice.taken) {
      choice.reasons[i] = seconds <= least ? "the fastest within the bounds"
                                           : StrCat("as fast as the fastest (", percent,
                                                    " % slower) and nearer to the source");
    } else if (seconds > least * (1 + kAlike)) {
      choice.reasons[i] = StrCat(percent, " % slower than the fastest");
    } else {
      choice.reasons[i] = "as fast, but farther from the source";
    }
  }
  return choice;
}

std::string WhyNothing(const std::vector<Candidate>& candidates, const Bounds& bounds) {
  const Candidate* nearest = nullptr;
  for (const Candidate& c : candidates) {
    if (IsMeasured(c) && (nearest == nullptr || c.mean_kl < nearest->mean_kl)) nearest = &c;
  }
  if (nearest == nullptr) {
    return StrCat("no type can hold this model",
                  candidates.empty() ? "" : StrCat(": ", candidates.front().type, ": ",
                                                   Excess(candidates.front(), bounds)));
  }
  return StrCat("no type meets the bound; the nearest is ", nearest->type, ": ",
                Excess(*nearest, bounds));
}

}  // namespace pano::type_choice
