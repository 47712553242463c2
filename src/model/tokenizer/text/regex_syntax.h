#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::tokenizer {

// The inside of a PCRE2 character class that holds the 25 characters of Unicode's White_Space.
// (PCRE2's own \s also takes U+180E, which no tokenizer means.)
inline constexpr std::string_view kSpaceClass =
    "\\t-\\r\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
// The inside of a class of word characters, as \w is meant in tokenizer files: superscript digits and
// fractions of Latin-1 count, others do not.
inline constexpr std::string_view kWordClass =
    "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";

// The numbers of the callouts that stand around every repetition, so that work can be counted
// (Regex::Matcher). One that begins may have a higher number: what is above this are steps.
inline constexpr int64_t kRegexRepetitionEnds = 1;
inline constexpr int64_t kRegexRepetitionBegins = 2;
// Bytes that a repetition may run over for one step.
inline constexpr int64_t kRegexBytesPerStep = 8;

// How a pattern is written: as tokenizer.json has them, or as rank files' library has them (Rust's
// fancy-regex): there `$` and `^` are the ends of the text and `{n,m}+` is possessive.
enum class RegexDialect { kRuby, kRust };

// Rewrites a pattern of a tokenizer.json (Oniguruma's Ruby syntax, Unicode) as the PCRE2 pattern that
// matches the same texts. What would be read differently is rewritten (\s, \w, \h, `{n,m}+`, script
// names, nested classes); what cannot be is Unimplemented by name, never guessed.
Result<std::string> TranslateRegex(std::string_view pattern, RegexDialect dialect = RegexDialect::kRuby);

}  // namespace pano::tokenizer
