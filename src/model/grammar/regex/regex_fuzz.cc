// A pattern, and behind a NUL byte optionally a text. Whatever comes in, compiling ends within its
// budget; what compiles judges the text alike over characters and over bytes, and is parted by its
// complement.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/grammar_builder.h"
#include "model/grammar/regex/compile_regex.h"
#include "model/grammar/regex/dfa_bytes.h"
#include "model/grammar/regex/nfa.h"

namespace {

using pano::Result;
using pano::grammar::Dfa;

void Check(std::string_view source, std::string_view text, pano::grammar::RegexDialect dialect,
           bool search) {
  pano::grammar::RegexLimits limits;
  limits.nfa_states_max = 5000;
  limits.dfa_states_max = 1000;
  limits.dfa_edges_max = 50'000;
  pano::grammar::StepBudget budget(300'000);
  const Result<Dfa> dfa = pano::grammar::CompileRegexDfa(source, dialect, search, budget, limits);
  if (!dfa.ok()) return;
  const bool valid = pano::Utf8Valid(text);
  const bool accepted = dfa->Accepts(text);
  PANO_CHECK(valid || !accepted);
  if (const Result<Dfa> rest = Complement(*dfa, budget); rest.ok() && valid) {
    PANO_CHECK(rest->Accepts(text) != accepted);
  }
  if (dfa->empty()) return;
  pano::grammar::GrammarBuilder builder;
  const auto root = builder.DeclareRule("root");
  builder.DefineRule(root, builder.Automaton(ToBytes(*dfa, pano::grammar::Spelling::kUtf8)));
  const Result<pano::grammar::Grammar> grammar = std::move(builder).Build(root);
  if (!grammar.ok()) return;  // too large for it
  pano::grammar::ByteMatcher matcher(*grammar);
  PANO_CHECK((matcher.AcceptBytes(text) && matcher.IsAccepting()) == accepted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view source(reinterpret_cast<const char*>(data), size);
  std::string_view text;
  if (const size_t nul = source.find('\0'); nul != std::string_view::npos) {
    text = source.substr(nul + 1);
    source = source.substr(0, nul);
  }
  Check(source, text, pano::grammar::RegexDialect::kPython, /*search=*/false);
  Check(source, text, pano::grammar::RegexDialect::kEcma, /*search=*/true);
  return 0;
}
