#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::tokenizer {

// The published patterns: contractions, words, numbers, the rest, white space.
inline constexpr std::string_view kGpt2Pattern =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
inline constexpr std::string_view kLlama3Pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
// As the rank file's library writes it: "{1,3}+" takes no character back.
inline constexpr std::string_view kCl100kPattern =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|"
    "\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
// The same for tokenizer.json, where that would be a repeated {1,3}.
inline constexpr std::string_view kCl100kJsonPattern =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|"
    "\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
inline constexpr std::string_view kQwen2Pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
inline constexpr std::string_view kQwen35Pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
inline constexpr std::string_view kGpt4oPattern =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
inline constexpr std::string_view kTekkenPattern =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
    "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
// DeepSeek-V3 splits three times: kNumbersByThree, kCjkPattern, this.
inline constexpr std::string_view kDeepseek3Pattern =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
    " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

// Splits that take runs of one kind of character out.
inline constexpr std::string_view kNumbersByThreePattern = "\\p{N}{1,3}";
inline constexpr std::string_view kCjkPattern = "[一-龥぀-ゟ゠-ヿ]+";
inline constexpr std::string_view kNumberPattern = "\\p{N}";
inline constexpr std::string_view kNumbersPattern = "\\p{N}+";
// ASCII punctuation counts although Unicode calls some of it symbols.
inline constexpr std::string_view kSignPattern = "[!-/:-@\\[-`{-~\\p{P}]";
inline constexpr std::string_view kThreeDigitsPattern = "[0-9][0-9][0-9]";
inline constexpr std::string_view kSignsPattern = "[\\p{P}\\$\\+<=>\\^~\\|]+";
inline constexpr std::string_view kSignsAndTicksPattern = "[\\p{P}\\$\\+<=>\\^~\\|`]+";
inline constexpr std::string_view kLinePattern = "[\\r\\n]";
inline constexpr std::string_view kLettersPattern = "\\s?\\p{L}+";
inline constexpr std::string_view kPunctuationPattern = "\\s?\\p{P}+";
inline constexpr std::string_view kWideCjkPattern = "[一-龥ࠀ-一가-퟿]+";
inline constexpr std::string_view kBloomPattern = " ?[^(\\s|.,!?…。，、।۔،)]+";

// How a family of byte-level tokenizers splits, as GGUF's "tokenizer.ggml.pre" names it.
struct SplitPatterns {
  std::vector<std::string_view> patterns;   // see ByteLevelPreTokenizer
  bool ignore_merges = false;
  bool add_bos = false;
  bool nfc = false;                         // the family's own tokenizer normalises first
};

// Unimplemented for a name that we do not know: another family's pattern would give wrong ids.
Result<SplitPatterns> FindSplitPatterns(std::string_view name);

}  // namespace pano::tokenizer
