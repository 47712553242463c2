// The first part of the input (up to a NUL) as a GBNF grammar, the rest as a text: whole or byte by
// byte it is judged alike, and a mask allows what can be read.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/grammar_matcher.h"

namespace {

using namespace pano::grammar;

const std::shared_ptr<const TokenTable>& Vocabulary() {
  static const auto table = [] {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
    for (const char* token : {"aa", "ab", "\",", "\": ", "}]", "true", "\xC3\xA9", "x\xE4\xBD", "   "}) {
      tokens.emplace_back(token);
    }
    return *TokenTable::Create(tokens);
  }();
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1 << 14) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), input.size());
  GrammarLimits limits;
  limits.states_max = 1 << 15;
  limits.edges_max = 1 << 18;
  const pano::Result<Grammar> grammar = ParseGbnf(input.substr(0, cut), limits);
  if (!grammar.ok()) return 0;
  std::string_view text = input.substr(cut);
  if (!text.empty()) text.remove_prefix(1);
  text = text.substr(0, 64);
  ByteMatcher whole(*grammar);
  const bool fits = whole.AcceptBytes(text);
  GrammarMatcher pieces(*CompiledGrammar::Compile(*grammar, Vocabulary()));
  std::vector<uint32_t> bits(Vocabulary()->mask_words());
  size_t read = 0;
  for (; read < text.size(); ++read) {
    const auto byte = static_cast<uint8_t>(text[read]);
    const bool known = read < 4 && pieces.FillMask(bits).ok();
    const bool accepted = pieces.AcceptBytes(text.substr(read, 1));
    if (known && !pieces.exceeded()) PANO_CHECK(accepted == ((bits[byte / 32] >> byte % 32 & 1) != 0));
    if (!accepted) break;
  }
  if (whole.exceeded() || pieces.exceeded()) return 0;
  PANO_CHECK(fits == (read == text.size()));
  if (fits) PANO_CHECK(whole.IsAccepting() == pieces.IsAccepting());
  PANO_CHECK(pieces.ForcedBytes(16).size() <= 16);
  return 0;
}
