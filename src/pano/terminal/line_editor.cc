#include "pano/terminal/line_editor.h"

#include <algorithm>

#include "pano/terminal/clusters.h"

namespace pano::terminal {
namespace {

using Kind = Key::Kind;
using Event = LineEditor::Event;

// What all begin with, in whole clusters.
std::string CommonStart(const std::vector<std::string>& texts) {
  std::string start = texts.front();
  for (const std::string& text : texts) {
    const auto [a, b] = std::mismatch(start.begin(), start.end(), text.begin(), text.end());
    start.erase(a, start.end());
  }
  while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0x80) != 0) start.pop_back();
  return start;
}

}  // namespace

Event LineEditor::Apply(const Key& key) {
  if (searching_) {
    bool done = false;
    const Event event = ApplyWhileSearching(key, done);
    if (done) return event;
  }
  switch (key.kind) {
    case Kind::kText:
    case Kind::kPaste: return Insert(key.text);
    case Kind::kEnter: return Enter();
    case Kind::kNewLine: return Insert("\n");
    case Kind::kTab: return Complete();
    case Kind::kBackspace: EraseTo(Left(cursor_), false); break;
    case Kind::kDeleteOrEnd:
      if (text_.empty()) return Event::kEnd;
      [[fallthrough]];
    case Kind::kDelete: EraseTo(Right(cursor_), false); break;
    case Kind::kLeft: cursor_ = Left(cursor_); break;
    case Kind::kRight: cursor_ = Right(cursor_); break;
    case Kind::kUp:
    case Kind::kDown: {
      const int step = key.kind == Kind::kUp ? -1 : 1;
      bool moved = false;
      MoveBy(step, moved);
      if (!moved) Recall(step);
      break;
    }
    case Kind::kHome: cursor_ = LineBegin(cursor_); break;
    case Kind::kEnd: cursor_ = LineEnd(cursor_); break;
    case Kind::kWordLeft: cursor_ = WordLeft(); break;
    case Kind::kWordRight: cursor_ = WordRight(); break;
    case Kind::kKillLine: {
      const size_t end = LineEnd(cursor_);
      EraseTo(end == cursor_ ? Right(cursor_) : end, true);
      break;
    }
    case Kind::kKillToStart: EraseTo(LineBegin(cursor_), true); break;
    case Kind::kKillWordLeft: EraseTo(WordLeft(), true); break;
    case Kind::kKillWordRight: EraseTo(WordRight(), true); break;
    case Kind::kYank: return Insert(killed_);
    case Kind::kTranspose: Transpose(); break;
    case Kind::kSearch:
      searching_ = true;
      query_.clear();
      found_at_ = history_.size();
      before_search_ = text_;
      break;
    case Kind::kClearScreen: return Event::kClearScreen;
    case Kind::kInterrupt: return Event::kInterrupt;
    case Kind::kSuspend: return Event::kSuspend;
    case Kind::kEscape: break;
  }
  return Event::kNone;
}

// Ctrl-R: what is typed is looked for in older entries; any other key takes what was found.
Event LineEditor::ApplyWhileSearching(const Key& key, bool& done) {
  done = true;
  switch (key.kind) {
    case Kind::kText:
      query_ += key.text;
      FindOlder(std::min(found_at_ + 1, history_.size()));
      return Event::kNone;
    case Kind::kSearch: FindOlder(found_at_); return Event::kNone;
    case Kind::kBackspace:
      if (!query_.empty()) query_.erase(SplitClusters(query_).back().begin);
      FindOlder(history_.size());
      return Event::kNone;
    case Kind::kEscape:
    case Kind::kInterrupt:
      searching_ = false;
      SetText(before_search_);
      return Event::kNone;
    default:
      searching_ = false;
      done = false;
      return Event::kNone;
  }
}

void LineEditor::FindOlder(size_t before) {
  for (size_t i = std::min(before, history_.size()); i-- > 0;) {
    if (history_[i].find(query_) == std::string::npos) continue;
    found_at_ = i;
    SetText(history_[i]);
    return;
  }
}

Event LineEditor::Insert(std::string_view text) {
  if (text_.size() + text.size() > kTextBytesMax) return Event::kBell;
  text_.insert(cursor_, text);
  cursor_ += text.size();
  return Event::kNone;
}

Event LineEditor::Enter() {
  if (options_.is_unfinished && options_.is_unfinished(text_)) return Insert("\n");
  return Event::kSubmit;
}

Event LineEditor::Complete() {
  if (!options_.complete) return Event::kBell;
  const Completion completion = options_.complete(std::string_view(text_).substr(0, cursor_));
  if (completion.candidates.empty() || completion.begin > cursor_) return Event::kBell;
  const std::string start = CommonStart(completion.candidates);
  if (start.size() > cursor_ - completion.begin) {
    EraseTo(completion.begin, false);
    return Insert(start);
  }
  if (completion.candidates.size() == 1) return Event::kNone;
  candidates_ = completion.candidates;
  return Event::kCandidates;
}

void LineEditor::EraseTo(size_t other, bool keep) {
  const auto [begin, end] = std::minmax(cursor_, other);
  if (keep && end > begin) killed_ = text_.substr(begin, end - begin);
  text_.erase(begin, end - begin);
  cursor_ = begin;
}

// Up and down within the text, at about the same column.
void LineEditor::MoveBy(int lines, bool& moved) {
  const size_t begin = LineBegin(cursor_);
  size_t target = 0;
  if (lines < 0) {
    if (begin == 0) return;
    target = LineBegin(begin - 1);
  } else {
    const size_t end = LineEnd(cursor_);
    if (end == text_.size()) return;
    target = end + 1;
  }
  const int column = Columns(std::string_view(text_).substr(begin, cursor_ - begin));
  const std::string_view line =
      std::string_view(text_).substr(target, LineEnd(target) - target);
  cursor_ = target + ClipToColumns(line, column).size();
  moved = true;
}

void LineEditor::Recall(int step) {
  if (step < 0 ? history_at_ == 0 : history_at_ >= history_.size()) return;
  if (history_at_ >= history_.size()) draft_ = text_;
  history_at_ = step < 0 ? std::min(history_at_, history_.size()) - 1 : history_at_ + 1;
  SetText(history_at_ == history_.size() ? draft_ : history_[history_at_]);
}

void LineEditor::SetText(std::string text) {
  text_ = std::move(text);
  cursor_ = text_.size();
}

// The two characters around the cursor change places; at the end of a line, the last two.
void LineEditor::Transpose() {
  const size_t middle = cursor_ == LineEnd(cursor_) ? Left(cursor_) : cursor_;
  const size_t begin = Left(middle);
  const size_t end = Right(middle);
  if (begin < LineBegin(middle) || begin == middle || middle == end) return;
  std::rotate(text_.begin() + static_cast<std::ptrdiff_t>(begin),
              text_.begin() + static_cast<std::ptrdiff_t>(middle),
              text_.begin() + static_cast<std::ptrdiff_t>(end));
  cursor_ = end;
}

size_t LineEditor::LineBegin(size_t at) const {
  if (at == 0) return 0;
  const size_t feed = text_.rfind('\n', at - 1);
  return feed == std::string::npos ? 0 : feed + 1;
}

size_t LineEditor::LineEnd(size_t at) const { return std::min(text_.find('\n', at), text_.size()); }

size_t LineEditor::Left(size_t at) const {
  const size_t begin = LineBegin(at);
  if (at == begin) return at == 0 ? 0 : at - 1;
  const auto clusters = SplitClusters(std::string_view(text_).substr(begin, at - begin));
  return begin + clusters.back().begin;
}

size_t LineEditor::Right(size_t at) const {
  const size_t end = LineEnd(at);
  if (at == end) return std::min(at + 1, text_.size());
  // From the line's start, since what a cluster is depends on what stands before it.
  const size_t begin = LineBegin(at);
  for (const Cluster& cluster : SplitClusters(std::string_view(text_).substr(begin, end - begin))) {
    if (begin + cluster.end > at) return begin + cluster.end;
  }
  return end;
}

size_t LineEditor::WordLeft() const {
  const size_t begin = LineBegin(cursor_);
  if (begin == cursor_) return Left(cursor_);
  const auto words = SplitWords(std::string_view(text_).substr(begin, cursor_ - begin));
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    if (!word->is_space) return begin + word->begin;
  }
  return begin;
}

size_t LineEditor::WordRight() const {
  const size_t end = LineEnd(cursor_);
  if (end == cursor_) return Right(cursor_);
  for (const Word& word : SplitWords(std::string_view(text_).substr(cursor_, end - cursor_))) {
    if (!word.is_space) return cursor_ + word.end;
  }
  return end;
}

}  // namespace pano::terminal
