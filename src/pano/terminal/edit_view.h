#pragma once

#include <string>
#include <string_view>

namespace pano::terminal {

// What is to be seen of a text that is being entered.
struct Frame {
  std::string_view prompt;        // one line, without control sequences
  std::string_view prompt_style;  // sequence that sets its look; "": none
  std::string_view text;
  size_t cursor = 0;   // byte offset into `text`
  int columns = 80;    // of the terminal
  int rows = 24;
};

// Draws frames over each other, as the bytes that a terminal needs (ECMA-48: cursor moves and erase).
// Rows are broken here and not by the terminal, so that their number is known; where they are more than
// the terminal has, those around the cursor are shown. Confined to one thread.
class EditView {
 public:
  // From wherever the last frame left the cursor.
  std::string Paint(const Frame& frame);
  // The whole of the last frame stays, the cursor goes to the line below it.
  std::string Leave(const Frame& frame);
  // Nothing is on the terminal that belongs to the view: the next frame begins where the cursor is.
  void Forget() { cursor_row_ = 0; }

 private:
  int cursor_row_ = 0;  // the cursor's row below the first row that the last frame drew
};

}  // namespace pano::terminal
