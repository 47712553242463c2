#include "app/constraints/warm_up.h"

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::constraints {
namespace {

constexpr int kTexts = 8;
constexpr int kMasks = 512;
constexpr int kBytesOfText = 256;
constexpr auto kTime = std::chrono::milliseconds(50);

// Some letters stand for all; what structure is made of comes often, so that texts get on.
constexpr std::string_view kBytes = "\"\"\"{}[]::,,  \nae109.-tz_\\xAE/<>|=()+*#";

}  // namespace

void WarmUp(const std::shared_ptr<const grammar::CompiledGrammar>& compiled) {
  const auto until = std::chrono::steady_clock::now() + kTime;
  std::vector<uint32_t> mask(compiled->table().mask_words());
  Random random(1);
  int masks = 0;
  for (int text = 0; text < kTexts; ++text) {
    grammar::GrammarMatcher matcher(compiled);
    for (int i = 0; i < kBytesOfText && !matcher.IsFinished(); ++i) {
      if (++masks > kMasks || std::chrono::steady_clock::now() > until) return;
      if (!matcher.FillMask(mask).ok()) return;
      const size_t from = random.Below(kBytes.size());
      bool took = false;
      for (size_t k = 0; k < kBytes.size() && !took; ++k) {
        took = matcher.AcceptBytes(kBytes.substr((from + k) % kBytes.size(), 1));
      }
      for (int byte = 0; byte < 256 && !took; ++byte) {
        const char c = static_cast<char>(byte);
        took = matcher.AcceptBytes({&c, 1});
      }
      if (!took) break;
    }
  }
}

}  // namespace pano::constraints
