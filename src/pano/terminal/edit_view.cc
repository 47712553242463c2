#include "pano/terminal/edit_view.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "pano/terminal/clusters.h"
#include "pano/terminal/safe_text.h"

namespace pano::terminal {
namespace {

constexpr int kTabColumns = 4;

struct Layout {
  std::vector<std::string> rows;
  int cursor_row = 0;
  int cursor_column = 0;
};

// Breaks prompt and text into rows of at most `columns`; later rows are indented as far as the text
// begins in the first one.
class RowBreaker {
 public:
  RowBreaker(std::string_view prompt, std::string_view style, int columns)
      : columns_(std::max(columns, 4)) {
    const std::string_view shown = ClipToColumns(prompt, columns_ / 2);
    column_ = Columns(shown);
    indent_ = columns_ > 2 * column_ ? column_ : 0;
    layout_.rows.push_back(style.empty() ? std::string(shown)
                                         : StrCat(style, shown, "\x1b[0m"));
  }

  void Add(std::string_view text, size_t cursor) {
    bool placed = false;
    for (const Cluster& cluster : SplitClusters(text)) {
      if (!placed && cluster.end > cursor) {
        placed = true;
        PlaceCursor(cluster.columns);
      }
      const std::string_view part = text.substr(cluster.begin, cluster.end - cluster.begin);
      if (part == "\n") {
        NewRow();
      } else if (part == "\t") {
        if (column_ >= columns_) NewRow();
        const int width =
            std::min(kTabColumns - (column_ - indent_) % kTabColumns, columns_ - column_);
        AddPart(std::string(static_cast<size_t>(width), ' '), width);
      } else {
        AddPart(MakeSafe(part), cluster.columns);
      }
    }
    if (!placed) PlaceCursor(1);
  }

  Layout Take() { return std::move(layout_); }

 private:
  void NewRow() {
    layout_.rows.emplace_back(static_cast<size_t>(indent_), ' ');
    column_ = indent_;
  }
  void AddPart(const std::string& part, int width) {
    if (column_ + width > columns_ && column_ > indent_) NewRow();
    layout_.rows.back() += part;
    column_ += width;
  }
  // Before what comes next, which stands in a new row if it has no room in this one.
  void PlaceCursor(int next_width) {
    if (column_ + std::max(next_width, 1) > columns_) NewRow();
    layout_.cursor_row = static_cast<int>(layout_.rows.size()) - 1;
    layout_.cursor_column = column_;
  }

  const int columns_;
  int indent_ = 0;
  int column_ = 0;
  Layout layout_;
};

Layout Arrange(const Frame& frame) {
  RowBreaker breaker(frame.prompt, frame.prompt_style, frame.columns);
  breaker.Add(frame.text, frame.cursor);
  return breaker.Take();
}

std::string ToFirstRow(int cursor_row) {
  return cursor_row > 0 ? StrCat("\x1b[", cursor_row, "A\r\x1b[J") : "\r\x1b[J";
}

}  // namespace

std::string EditView::Paint(const Frame& frame) {
  const Layout layout = Arrange(frame);
  const int count = static_cast<int>(layout.rows.size());
  const int shown = std::min(count, std::max(frame.rows - 1, 1));
  const int first = std::clamp(layout.cursor_row - shown / 2, 0, count - shown);
  std::string out = ToFirstRow(cursor_row_);
  for (int i = first; i < first + shown; ++i) {
    if (i > first) out += "\r\n";
    out += layout.rows[static_cast<size_t>(i)];
  }
  const int up = first + shown - 1 - layout.cursor_row;
  if (up > 0) out += StrCat("\x1b[", up, "A");
  out += "\r";
  if (layout.cursor_column > 0) out += StrCat("\x1b[", layout.cursor_column, "C");
  cursor_row_ = layout.cursor_row - first;
  return out;
}

std::string EditView::Leave(const Frame& frame) {
  std::string out = ToFirstRow(cursor_row_);
  const Layout layout = Arrange(frame);
  for (size_t i = 0; i < layout.rows.size(); ++i) out += (i > 0 ? "\r\n" : "") + layout.rows[i];
  cursor_row_ = 0;
  return out + "\r\n";
}

}  // namespace pano::terminal
