#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace pano::terminal {

// A part of a text that a person takes for one character (extended grapheme cluster, UAX 29: "é" of two
// code points, a family of emoji joined by U+200D) and how wide a terminal shows it.
struct Cluster {
  size_t begin = 0, end = 0;  // bytes
  int columns = 0;            // 0-2, more for a letter with spacing marks
};

// Ill-formed bytes are clusters of one byte and one column; so are control characters.
std::vector<Cluster> SplitClusters(std::string_view text);

// The words of `text` and what lies between them (UAX 29; Chinese, Japanese and Thai by ICU's
// dictionaries): together they are the text.
struct Word {
  size_t begin = 0, end = 0;
  bool is_space = false;
};
std::vector<Word> SplitWords(std::string_view text);

// The columns that `text`, one line, takes.
int Columns(std::string_view text);
// The longest first part of whole clusters that takes at most `columns`.
std::string_view ClipToColumns(std::string_view text, int columns);

}  // namespace pano::terminal
