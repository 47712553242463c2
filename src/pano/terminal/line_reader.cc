#include "pano/terminal/line_reader.h"

#include <algorithm>

#include "base/strings.h"
#include "pano/terminal/clusters.h"
#include "pano/terminal/safe_text.h"

namespace pano::terminal {
namespace {

// How long the bytes of one key may be apart; an escape key alone is known by the silence after it.
constexpr int kKeyMs = 50;
constexpr size_t kCandidatesShown = 100;

std::string Listed(const std::vector<std::string>& candidates, int columns) {
  std::string out;
  int column = 0;
  for (size_t i = 0; i < std::min(candidates.size(), kCandidatesShown); ++i) {
    const std::string text = MakeSafeLine(candidates[i]);
    const int width = Columns(text) + 2;
    if (column > 0 && column + width > columns) {
      out += "\r\n";
      column = 0;
    }
    out += text + "  ";
    column += width;
  }
  if (candidates.size() > kCandidatesShown) out += "...";
  return out + "\r\n";
}

}  // namespace

Result<Key> LineReader::NextKey() {
  while (keys_.empty()) {
    PANO_ASSIGN_OR_RETURN(const std::string bytes, tty_.Read(decoder_.pending() ? kKeyMs : -1));
    std::vector<Key> keys;
    if (bytes.empty() && decoder_.pending()) {
      decoder_.Flush(keys);
    } else if (bytes.empty()) {
      return Key{Key::Kind::kEscape};  // the size has changed: paint again
    }
    decoder_.Feed(bytes, keys);
    keys_.insert(keys_.end(), keys.begin(), keys.end());
  }
  Key key = std::move(keys_.front());
  keys_.pop_front();
  return key;
}

Status LineReader::Paint(const LineEditor& editor, bool leave) {
  const std::string prompt =
      editor.searching() ? StrCat("search '", MakeSafeLine(editor.query()), "': ") : prompt_;
  const Frame frame = {.prompt = prompt,
                       .prompt_style = prompt_style_,
                       .text = editor.text(),
                       .cursor = editor.cursor(),
                       .columns = tty_.columns(),
                       .rows = tty_.rows()};
  return tty_.Write(leave ? view_.Leave(frame) : view_.Paint(frame));
}

Result<Line> LineReader::Read(std::string_view prompt, std::string_view prompt_style,
                              const std::deque<std::string>& history) {
  prompt_ = prompt;
  prompt_style_ = prompt_style;
  tty_.SetMode(Tty::Mode::kEntering);
  LineEditor editor(history, options_);
  view_.Forget();
  while (true) {
    // Not for each of many keys that came together.
    if (keys_.empty()) PANO_RETURN_IF_ERROR(Paint(editor, /*leave=*/false));
    PANO_ASSIGN_OR_RETURN(const Key key, NextKey());
    switch (editor.Apply(key)) {
      case LineEditor::Event::kNone: break;
      case LineEditor::Event::kSubmit:
        PANO_RETURN_IF_ERROR(Paint(editor, /*leave=*/true));
        tty_.SetMode(Tty::Mode::kAnswering);
        return Line{Line::Kind::kText, editor.text()};
      case LineEditor::Event::kInterrupt:
        PANO_RETURN_IF_ERROR(Paint(editor, /*leave=*/true));
        tty_.SetMode(Tty::Mode::kAnswering);
        return Line{Line::Kind::kInterrupt, editor.text()};
      case LineEditor::Event::kEnd:
        PANO_RETURN_IF_ERROR(Paint(editor, /*leave=*/true));
        tty_.SetMode(Tty::Mode::kAnswering);
        return Line{Line::Kind::kEnd};
      case LineEditor::Event::kClearScreen:
        PANO_RETURN_IF_ERROR(tty_.Write("\x1b[H\x1b[2J"));
        view_.Forget();
        break;
      case LineEditor::Event::kSuspend:
        PANO_RETURN_IF_ERROR(Paint(editor, /*leave=*/true));
        tty_.Suspend();
        break;
      case LineEditor::Event::kBell: PANO_RETURN_IF_ERROR(tty_.Write("\a")); break;
      case LineEditor::Event::kCandidates:
        PANO_RETURN_IF_ERROR(Paint(editor, /*leave=*/true));
        PANO_RETURN_IF_ERROR(tty_.Write(Listed(editor.candidates(), tty_.columns())));
        break;
    }
  }
}

}  // namespace pano::terminal
