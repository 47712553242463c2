// Bytes as draws of a small random grammar, compared with what its definitions derive.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/testing/random_grammar.h"
#include "model/grammar/testing/reference_language.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::grammar;
  constexpr size_t kLength = 4;
  if (size > 256) return 0;
  const auto rules = testing::RandomRules([&](uint64_t bound) {
    if (size == 0) return uint64_t{0};
    --size;
    return *data++ % bound;
  });
  const pano::Result<Grammar> grammar = testing::Build(rules);
  const testing::Language language = testing::Derive(rules, kLength)[0];
  if (!grammar.ok()) return 0;
  PANO_CHECK(language.any);
  ByteMatcher matcher(*grammar);
  // Every prefix with every byte after it: those are the prefixes too, and nothing else is.
  for (const std::string& prefix : language.prefixes) {
    for (char c = 'a'; c <= 'c'; ++c) {
      const std::string text = prefix + c;
      if (text.size() > kLength) continue;
      matcher.Reset();
      const bool fits = matcher.AcceptBytes(text);
      PANO_CHECK(fits == language.prefixes.contains(text));
      PANO_CHECK((fits && matcher.IsAccepting()) == language.words.contains(text));
    }
  }
  return 0;
}
