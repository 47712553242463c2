#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/grammar/regex/char_set.h"

namespace pano::grammar {

enum class RegexDialect {
  // ECMA-262 with the u flag, and Annex B's literal braces and brackets: `pattern` of JSON Schema.
  kEcma,
  // What Python's re and Rust's regex share: whole-text patterns of requests and of the command
  // line.
  kPython,
};

// A zero-width condition on the characters around a position.
enum class Assertion : uint8_t { kTextBegin, kTextEnd, kWordBoundary, kNoWordBoundary };

// A parsed regular expression: a tree in one array. A value; thread-compatible.
struct RegexSyntax {
  enum class Kind : uint8_t { kEmpty, kSet, kConcat, kAlternate, kRepeat, kAssert };
  struct Node {
    Kind kind = Kind::kEmpty;
    Assertion assertion{};
    uint32_t set = 0;                // kSet: index into `sets`
    uint32_t min = 0;                // kRepeat
    std::optional<uint32_t> max;     // kRepeat; nothing: without end
    std::vector<uint32_t> children;  // kConcat, kAlternate: any number; kRepeat: one
  };
  std::vector<Node> nodes;
  std::vector<CharSet> sets;  // each once
  uint32_t root = 0;
};

struct RegexLimits {
  size_t bytes_max = 1 << 16;       // of source
  size_t depth_max = 128;           // groups inside each other
  uint32_t count_max = 1'000'000;   // in {n,m}
  size_t nfa_states_max = 200'000;  // after counts are written out
  size_t dfa_states_max = 30'000;
  size_t dfa_edges_max = 600'000;
  uint64_t steps_max = 10'000'000;  // of set construction; about a second
};

// The class letters, as ECMA-262 has them; negated letters are their complements.
CharSet DigitChars();
CharSet WordChars();
CharSet SpaceChars();

// InvalidArgument for what is no regular expression; Unimplemented with reason "unsupported_syntax"
// for what is one but no regular language, or not kept right here: back-references, look-around,
// possessive quantifiers, some flags. Both say where (byte offset). Exhausted for one over the
// limits.
Result<RegexSyntax> ParseRegex(std::string_view source, RegexDialect dialect,
                               const RegexLimits& limits = {});

}  // namespace pano::grammar
