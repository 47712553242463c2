#include "pano/chat/answer_view.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::chat {
namespace {

constexpr Duration kProgressEvery = std::chrono::milliseconds(200);
constexpr size_t kTailBytes = 400;  // more than a line shows

int64_t WholeSeconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

void AnswerView::OnThinking(std::string_view text) {
  thinking_ += text;
  if (show_ == ShowThinking::kHide) return;
  if (show_ == ShowThinking::kShow) {
    const std::string safe = safe_thinking_.Push(text);
    if (safe.empty()) return;
    console_.Thinking(safe);
    thinking_shown_ = true;
    ends_line_ = safe.ends_with('\n');
    return;
  }
  const TimePoint now = clock_.Now();
  if (!thinking_since_) thinking_since_ = now;
  if (last_progress_ && now - *last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  const size_t line = thinking_.rfind('\n', thinking_.size() - 1) + 1;  // 0 where there is none
  size_t begin = std::max(line, thinking_.size() - std::min(thinking_.size(), kTailBytes));
  while (begin < thinking_.size() && (thinking_[begin] & 0xC0) == 0x80) ++begin;  // whole characters
  console_.Progress(StrCat("thinking, ", WholeSeconds(now - *thinking_since_), " s  ",
                           terminal::MakeSafeLine(std::string_view(thinking_).substr(begin))));
}

// The answer begins: what is left of the thinking is one line.
void AnswerView::Unfold() {
  if (thinking_since_) {
    console_.Progress("");
    console_.Note(StrCat("[thought for ", WholeSeconds(clock_.Now() - *thinking_since_),
                         " s; /set thinking show shows it]"));
    thinking_since_.reset();
  }
  if (thinking_shown_) {
    console_.Thinking(safe_thinking_.Flush() + (ends_line_ ? "\n" : "\n\n"));
    thinking_shown_ = false;
    ends_line_ = true;
  }
}

void AnswerView::OnAnswer(std::string_view text) {
  Unfold();
  answer_ += text;
  ShowAnswer(safe_answer_.Push(text));
}

void AnswerView::ShowAnswer(const std::string& safe) {
  if (safe.empty()) return;
  console_.Answer(safe);
  ends_line_ = safe.ends_with('\n');
}

void AnswerView::OnAnswerWasThinking() {
  ShowAnswer(safe_answer_.Flush());
  thinking_ += answer_;
  answer_.clear();
  console_.Note(StrCat(ends_line_ ? "" : "\n", "[up to here it was thinking]"));
  ends_line_ = true;
}

void AnswerView::End() {
  Unfold();
  ShowAnswer(safe_answer_.Flush());
  if (!ends_line_) console_.Answer("\n");
  ends_line_ = true;
}

}  // namespace pano::chat
