#include "model/grammar/json_schema/testing/sampled_text.h"

#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "model/grammar/compiled_grammar.h"
#include "model/grammar/grammar_matcher.h"
#include "model/grammar/token_table.h"

namespace pano::grammar::testing {
namespace {

// A vocabulary of the 256 bytes.
std::shared_ptr<const TokenTable> Bytes() {
  static const std::shared_ptr<const TokenTable> table = [] {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
    auto made = TokenTable::Create(tokens);
    PANO_CHECK(made.ok());
    return *made;
  }();
  return table;
}

}  // namespace

std::optional<std::string> SampleText(const Grammar& grammar, Random& random, size_t bytes_max) {
  auto compiled = CompiledGrammar::Compile(grammar, Bytes());
  PANO_CHECK(compiled.ok());
  GrammarMatcher matcher(*compiled);
  std::vector<uint32_t> mask((*compiled)->table().mask_words());
  std::string text;
  while (text.size() < bytes_max) {
    if (matcher.IsAccepting() && (matcher.IsFinished() || random.Below(3) == 0)) return text;
    if (!matcher.FillMask(mask).ok()) return std::nullopt;
    std::string allowed, closing;
    for (int byte = 0; byte < 256; ++byte) {
      if (((mask[static_cast<size_t>(byte) / 32] >> (byte % 32)) & 1) == 0) continue;
      allowed.push_back(static_cast<char>(byte));
      if (std::string_view("\"]}0").find(static_cast<char>(byte)) != std::string_view::npos) {
        closing.push_back(static_cast<char>(byte));
      }
    }
    PANO_CHECK(!allowed.empty());  // every state reaches an end
    const bool close = !closing.empty() && random.Below(bytes_max) < text.size() + bytes_max / 4;
    const std::string& from = close ? closing : allowed;
    const char byte = from[random.Below(from.size())];
    PANO_CHECK(matcher.AcceptBytes(std::string_view(&byte, 1)));
    text.push_back(byte);
  }
  return std::nullopt;
}

}  // namespace pano::grammar::testing
