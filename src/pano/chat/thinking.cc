#include "pano/chat/thinking.h"

#include <algorithm>

namespace pano::chat {
namespace {

struct Marks {
  std::string_view opening, closing;
};
constexpr Marks kMarks[] = {
    {"<think>", "</think>"},
    {"<thinking>", "</thinking>"},
    {"<thought>", "</thought>"},
    {"<reasoning>", "</reasoning>"},
    {"<seed:think>", "</seed:think>"},
    {"[THINK]", "[/THINK]"},
    {"<|START_THINKING|>", "<|END_THINKING|>"},
    {"<|begin_of_thought|>", "<|end_of_thought|>"},
    {"◁think▷", "◁/think▷"},
    {"<|channel|>analysis<|message|>", "<|end|>"},
};
// What may stand between thinking and answer, and is neither.
constexpr std::string_view kAnswerMarks[] = {
    "<|start|>assistant<|channel|>final<|message|>",
    "<|channel|>final<|message|>",
    "<|START_RESPONSE|>",
    "<|begin_of_solution|>",
};
constexpr std::string_view kSpaces = " \t\r\n";

// Bytes at the end of `text` that `mark` may begin with.
size_t PartialAtEnd(std::string_view text, std::string_view mark) {
  for (size_t n = std::min(text.size(), mark.size() - 1); n > 0; --n) {
    if (mark.starts_with(text.substr(text.size() - n))) return n;
  }
  return 0;
}

}  // namespace

void ThinkingSplitter::BeginInside(std::string_view opening_mark) {
  for (const Marks& marks : kMarks) {
    if (marks.opening != opening_mark) continue;
    state_ = State::kThinking;
    closing_ = marks.closing;
    any_thinking_ = true;
  }
}

void ThinkingSplitter::PushThinking(std::string_view text) {
  if (text.empty()) return;
  any_thinking_ = true;
  parts_.OnThinking(text);
}

void ThinkingSplitter::Push(std::string_view text) {
  held_.append(text);
  // Each goes on to the next where the text that is held allows it.
  if (state_ == State::kStart) Start();
  if (state_ == State::kThinking) Think();
  if (state_ == State::kStart) Start();  // between thinking and answer
  if (state_ == State::kAnswer) Answer();
}

void ThinkingSplitter::Start() {
  const size_t text_at = std::min(held_.find_first_not_of(kSpaces), held_.size());
  const std::string_view rest = std::string_view(held_).substr(text_at);
  const auto may_become = [&](std::string_view mark) { return mark.starts_with(rest); };
  for (const Marks& marks : kMarks) {
    if (any_thinking_ || !rest.starts_with(marks.opening)) continue;
    held_.erase(0, text_at + marks.opening.size());
    state_ = State::kThinking;
    closing_ = marks.closing;
    any_thinking_ = true;
    return;
  }
  for (std::string_view mark : kAnswerMarks) {
    if (!rest.starts_with(mark)) continue;
    held_.erase(0, text_at + mark.size());
    state_ = State::kAnswer;
    return;
  }
  for (const Marks& marks : kMarks) {
    if (may_become(marks.opening)) return;
  }
  for (std::string_view mark : kAnswerMarks) {
    if (may_become(mark)) return;
  }
  // The space between the two belongs to neither.
  if (any_thinking_) held_.erase(0, text_at);
  state_ = State::kAnswer;
}

void ThinkingSplitter::Think() {
  const size_t end = held_.find(closing_);
  if (end != std::string::npos) {
    if (end > 0) parts_.OnThinking(std::string_view(held_).substr(0, end));
    held_.erase(0, end + closing_.size());
    state_ = State::kStart;
    return;
  }
  const size_t ready = held_.size() - PartialAtEnd(held_, closing_);
  if (ready > 0) parts_.OnThinking(std::string_view(held_).substr(0, ready));
  held_.erase(0, ready);
}

void ThinkingSplitter::Answer() {
  if (any_thinking_) {
    if (!held_.empty()) parts_.OnAnswer(held_);
    held_.clear();
    return;
  }
  // Servers that do not know of thinking send what follows the mark in the template's own prompt.
  constexpr std::string_view kClosing = kMarks[0].closing;
  if (const size_t end = held_.find(kClosing); end != std::string::npos) {
    if (end > 0) parts_.OnAnswer(std::string_view(held_).substr(0, end));
    parts_.OnAnswerWasThinking();
    any_thinking_ = true;
    state_ = State::kStart;
    std::string rest = held_.substr(end + kClosing.size());
    held_.clear();
    Push(rest);
    return;
  }
  const size_t ready = held_.size() - PartialAtEnd(held_, kClosing);
  if (ready > 0) parts_.OnAnswer(std::string_view(held_).substr(0, ready));
  held_.erase(0, ready);
}

void ThinkingSplitter::End() {
  if (held_.empty()) return;
  if (state_ == State::kThinking) {
    parts_.OnThinking(held_);
  } else if (state_ == State::kAnswer || !any_thinking_ ||
             held_.find_first_not_of(kSpaces) != std::string::npos) {
    parts_.OnAnswer(held_);
  }
  held_.clear();
}

std::string_view OpeningMarkAtEnd(std::string_view prompt) {
  const size_t last = prompt.find_last_not_of(kSpaces);
  if (last == std::string_view::npos) return {};
  for (const Marks& marks : kMarks) {
    if (prompt.substr(0, last + 1).ends_with(marks.opening)) return marks.opening;
  }
  return {};
}

bool IsPartOfMark(std::string_view token) {
  if (token.size() < 3) return false;
  const auto has = [&](std::string_view mark) { return mark.find(token) != std::string_view::npos; };
  return std::any_of(std::begin(kMarks), std::end(kMarks),
                     [&](const Marks& m) { return has(m.opening) || has(m.closing); }) ||
         std::any_of(std::begin(kAnswerMarks), std::end(kAnswerMarks), has);
}

}  // namespace pano::chat
