#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pano::terminal {

// What a terminal shows after the bytes it got: a small one, with the sequences that our own output
// uses. Lines that scroll off the top are kept. Any other control sequence is counted as unknown.
// Confined to one thread.
class Screen {
 public:
  explicit Screen(int columns, int rows = 24) : columns_(columns), rows_(rows), lines_(1) {}

  void Write(std::string_view bytes);

  // Each line with its trailing spaces removed; lines at the end that are empty left out.
  std::vector<std::string> Lines() const;
  std::string Text() const;  // joined by '\n'
  int cursor_row() const { return row_; }  // of all lines, those that scrolled off included
  int cursor_column() const { return column_; }
  int unknown_sequences() const { return unknown_; }
  void Resize(int columns) { columns_ = columns; }

 private:
  void Put(std::string_view cluster, int columns);
  void Sequence(char last, std::string_view parameters);
  void Feed();

  int columns_, rows_;
  int row_ = 0, column_ = 0;
  bool wrap_pending_ = false;
  int unknown_ = 0;
  std::vector<std::vector<std::string>> lines_;  // [row][column]; "" behind a wide character
  std::string pending_;
};

}  // namespace pano::terminal
