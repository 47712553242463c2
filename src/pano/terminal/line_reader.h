#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/result.h"
#include "pano/terminal/edit_view.h"
#include "pano/terminal/key.h"
#include "pano/terminal/line_editor.h"
#include "pano/terminal/tty.h"

namespace pano::terminal {

struct Line {
  enum class Kind {
    kText,
    kInterrupt,  // Ctrl-C; `text` is what was given up
    kEnd,        // Ctrl-D with nothing entered
  };
  Kind kind = Kind::kText;
  std::string text = {};
};

// Reads texts from a terminal with editing, history and completion. Confined to one thread.
class LineReader {
 public:
  // `tty` outlives the reader.
  LineReader(Tty& tty, LineEditor::Options options) : tty_(tty), options_(std::move(options)) {}

  // `history` is not changed. Unavailable when the terminal has gone.
  Result<Line> Read(std::string_view prompt, std::string_view prompt_style,
                    const std::deque<std::string>& history);

 private:
  Result<Key> NextKey();
  Status Paint(const LineEditor& editor, bool leave);

  Tty& tty_;
  const LineEditor::Options options_;
  KeyDecoder decoder_;
  std::deque<Key> keys_;  // decoded, not used yet: what was typed ahead
  EditView view_;
  std::string prompt_, prompt_style_;
};

}  // namespace pano::terminal
