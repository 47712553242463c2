#pragma once

namespace pano::tokenizer {

// The classes of characters that tokenizer files ask about, as HF tokenizers 0.23 has them. BERT's are
// those of Unicode 8.0: newer characters belong to none. Thread-safe.

// Control, format and private-use characters but tab and line ends; also U+0000 and U+FFFD.
bool IsBertControl(char32_t c);
// ASCII punctuation and symbols, and what Unicode calls punctuation.
bool IsBertPunctuation(char32_t c);
// Han ideographs, by blocks.
bool IsBertIdeograph(char32_t c);
// Nonspacing marks.
bool IsBertAccent(char32_t c);
// Marks of Unicode 9.0.
bool IsMark(char32_t c);
// Unicode's N (15.0).
bool IsNumber(char32_t c);
// \w of pre-tokenizers: letters, marks, digits, connectors, joiners (15.0).
bool IsWordCharacter(char32_t c);
// The script by which UnicodeScripts splits: Hiragana, Katakana and the prolonged sound mark are Han; a space
// and characters of no script (Unicode 9.0) are kAnyScript.
inline constexpr int kAnyScript = -1;
int SplitScriptOf(char32_t c);
// Unicode's White_Space.
bool IsWhiteSpace(char32_t c);

}  // namespace pano::tokenizer
