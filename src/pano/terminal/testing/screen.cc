#include "pano/terminal/testing/screen.h"

#include <algorithm>

#include "base/strings.h"
#include "base/utf8.h"
#include "pano/terminal/clusters.h"

namespace pano::terminal {

void Screen::Write(std::string_view bytes) {
  pending_.append(bytes);
  size_t at = 0;
  while (at < pending_.size()) {
    const char c = pending_[at];
    if (c == '\x1b') {
      if (at + 1 >= pending_.size()) break;
      if (pending_[at + 1] != '[') {
        ++unknown_;
        at += 2;
        continue;
      }
      size_t end = at + 2;
      while (end < pending_.size() && (pending_[end] < 0x40 || pending_[end] > 0x7e)) ++end;
      if (end == pending_.size()) break;
      Sequence(pending_[end], std::string_view(pending_).substr(at + 2, end - at - 2));
      at = end + 1;
    } else if (c == '\n') {
      Feed();
      ++at;
    } else if (c == '\r') {
      column_ = 0;
      wrap_pending_ = false;
      ++at;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      if (c != '\a') ++unknown_;
      ++at;
    } else {
      size_t end = at;
      while (end < pending_.size() && static_cast<unsigned char>(pending_[end]) >= 0x20) ++end;
      std::string_view run = std::string_view(pending_).substr(at, end - at);
      if (end == pending_.size()) run.remove_suffix(Utf8IncompleteTail(run));
      if (run.empty()) break;
      for (const Cluster& cluster : SplitClusters(run)) {
        Put(run.substr(cluster.begin, cluster.end - cluster.begin), cluster.columns);
      }
      at += run.size();
    }
  }
  pending_.erase(0, at);
}

void Screen::Put(std::string_view cluster, int columns) {
  if (wrap_pending_ || column_ + columns > columns_) {
    column_ = 0;
    Feed();
  }
  auto& line = lines_[static_cast<size_t>(row_)];
  const auto at = static_cast<size_t>(column_);
  if (line.size() < at + static_cast<size_t>(columns)) {
    line.resize(at + static_cast<size_t>(columns), " ");
  }
  if (columns == 0) return;
  line[at] = cluster;
  for (int i = 1; i < columns; ++i) line[at + static_cast<size_t>(i)].clear();
  column_ += columns;
  if (column_ >= columns_) {
    column_ = columns_ - 1;
    wrap_pending_ = true;
  }
}

void Screen::Feed() {
  wrap_pending_ = false;
  ++row_;
  if (static_cast<size_t>(row_) >= lines_.size()) lines_.emplace_back();
}

void Screen::Sequence(char last, std::string_view parameters) {
  const int number = static_cast<int>(ParseInt(parameters).value_or(parameters.empty() ? 1 : -1));
  const int top = std::max(0, static_cast<int>(lines_.size()) - rows_);
  if (last != 'm') wrap_pending_ = false;
  if (last == 'A' && number > 0) {
    row_ = std::max(top, row_ - number);
  } else if (last == 'C' && number > 0) {
    column_ = std::min(columns_ - 1, column_ + number);
  } else if ((last == 'J' || last == 'K') && parameters.empty()) {
    auto& line = lines_[static_cast<size_t>(row_)];
    line.resize(std::min(line.size(), static_cast<size_t>(column_)));
    if (last == 'J') lines_.resize(static_cast<size_t>(row_) + 1);
  } else if (last == 'H' && parameters.empty()) {
    row_ = top;
    column_ = 0;
  } else if (last == 'J' && number == 2) {
    for (size_t i = static_cast<size_t>(top); i < lines_.size(); ++i) lines_[i].clear();
  } else if (last != 'm' && !(parameters == "?2004" && (last == 'h' || last == 'l'))) {
    ++unknown_;
  }
}

std::vector<std::string> Screen::Lines() const {
  std::vector<std::string> out;
  for (const auto& line : lines_) {
    std::string text;
    for (const std::string& cell : line) text += cell;
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out.push_back(std::move(text));
  }
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

std::string Screen::Text() const {
  std::string out;
  for (const std::string& line : Lines()) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace pano::terminal
