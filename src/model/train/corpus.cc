#include "model/train/corpus.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_set>

#include "base/random.h"
#include "base/strings.h"

namespace pano::train {
namespace {

constexpr size_t kStoryBytesMin = 250;  // what is shorter so far is no whole story yet

struct Replacement {
  std::string_view from;
  std::string_view to;
};
// UTF-8 that was read as Windows-1252 and encoded again; longer forms first.
constexpr std::array<Replacement, 4> kEncodedTwice = {{
    {"\u00e2\u20ac\u0153", "\""},  // U+201C
    {"\u00e2\u20ac\u2122", "'"},   // U+2019
    {"\u00e2\u20ac\u02dc", "'"},   // U+2018
    {"\u00e2\u20ac", "\""},        // U+201D, whose last byte has no character there
}};

std::string RepairQuotes(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  while (!line.empty()) {
    bool replaced = false;
    for (const Replacement& r : kEncodedTwice) {
      if (!line.starts_with(r.from)) continue;
      out.append(r.to);
      line.remove_prefix(r.from.size());
      replaced = true;
      break;
    }
    if (replaced) continue;
    out.push_back(line.front());
    line.remove_prefix(1);
  }
  return out;
}

// A line that goes on with the story above it although no empty line stands between them.
bool ContinuesStory(std::string_view above, std::string_view line) {
  if (above.ends_with(' ') || above.ends_with(':') || above.ends_with(',')) return true;
  if (line.starts_with('"') || line.starts_with("\u201c")) return true;
  constexpr std::array<std::string_view, 11> kOpeners = {
      "But", "So", "And", "Then", "She", "He", "They", "Her", "His", "From", "Suddenly,"};
  constexpr std::array<std::string_view, 10> kVerbs = {"said",   "smiled", "sighed", "agreed",
                                                       "asked",  "hugged", "got",    "replied",
                                                       "nodded", "snarled"};
  std::vector<std::string_view> words = Split(line.substr(0, 80), ' ');
  if (std::ranges::find(kOpeners, words[0]) != kOpeners.end()) return true;
  for (size_t i = 1; i < std::min<size_t>(words.size(), 3); ++i) {
    if (std::ranges::find(kVerbs, words[i]) != kVerbs.end()) return true;
  }
  return false;
}

}  // namespace

Stories SplitStories(std::string_view text) {
  Stories stories;
  std::string story;
  std::string above;  // the line before, as it stands in the text
  auto finish = [&] {
    while (story.ends_with('\n')) story.pop_back();
    if (!story.empty()) stories.push_back(std::move(story));
    story.clear();
  };
  for (std::string_view raw : Split(text, '\n')) {
    std::string line = RepairQuotes(raw.ends_with('\r') ? raw.substr(0, raw.size() - 1) : raw);
    std::string_view bare = Trim(line);
    if (bare == "<|endoftext|>") {
      finish();
      above.clear();
      continue;
    }
    bool below_text = !bare.empty() && !Trim(above).empty();
    if (below_text && story.size() >= kStoryBytesMin && !ContinuesStory(above, bare)) finish();
    if (!story.empty() || !bare.empty()) {
      story.append(bare);
      story.push_back('\n');
    }
    above = std::move(line);
  }
  finish();
  return stories;
}

HeldOutSplit SplitHeldOut(const Stories& stories, double fraction, uint64_t seed) {
  std::vector<const std::string*> unique;
  std::unordered_set<std::string_view> seen;
  for (const std::string& story : stories) {
    if (seen.insert(story).second) unique.push_back(&story);
  }
  std::vector<size_t> order(unique.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Random random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  auto count = static_cast<size_t>(std::llround(fraction * static_cast<double>(unique.size())));
  count = std::min(count, unique.size());
  std::vector<bool> held(unique.size(), false);
  for (size_t i = 0; i < count; ++i) held[order[i]] = true;

  HeldOutSplit split;
  for (size_t i = 0; i < unique.size(); ++i) {
    (held[i] ? split.held_out : split.train).push_back(*unique[i]);
    (held[i] ? split.held_out_bytes : split.train_bytes) += unique[i]->size();
  }
  return split;
}

}  // namespace pano::train
