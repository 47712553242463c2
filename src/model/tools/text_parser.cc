#include "model/tools/text_parser.h"

#include <utility>

#include "base/strings.h"

namespace pano::tools {
namespace {

constexpr int kFence = 3;

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool BeginsWithText(const std::vector<CallStep>& steps) {
  return steps[0].kind == CallStep::Kind::kText;
}

}  // namespace

void FenceTracker::Open() {
  inside_ = true;
  open_mark_ = mark_;
  open_marks_ = marks_;
}

void FenceTracker::EndLine() {
  if (!inside_ && line_ == Line::kMarks && marks_ >= kFence) {
    Open();
  } else if (inside_ && (line_ == Line::kMarks || line_ == Line::kBlanks) && Closes()) {
    inside_ = false;
  }
  line_ = Line::kBegin;
}

void FenceTracker::See(char c) {
  if (c == '\n') return EndLine();
  switch (line_) {
    case Line::kBegin:
      if (IsBlank(c)) return;
      mark_ = c;
      marks_ = 1;
      line_ = c == '`' || c == '~' ? Line::kMarks : Line::kOther;
      return;
    case Line::kMarks:
      if (c == mark_) {
        ++marks_;
      } else if (!inside_ && marks_ >= kFence) {
        Open();
        line_ = Line::kInfo;
      } else {
        line_ = inside_ && Closes() && IsBlank(c) ? Line::kBlanks : Line::kOther;
      }
      return;
    case Line::kInfo:
      if (c != '`' || open_mark_ != '`') return;
      inside_ = false;
      line_ = Line::kOther;
      return;
    case Line::kBlanks:
      if (!IsBlank(c)) line_ = Line::kOther;
      return;
    case Line::kOther:
      return;
  }
}

TextParser::TextParser(const CallFormat& calls, const ReasoningFormat* reasoning,
                       CallSink::Settings sink, std::string_view prompt_end)
    : calls_(calls),
      reasoning_(reasoning),
      with_calls_(sink.tools && !sink.tools->empty()),
      sink_(std::move(sink)) {
  AddMarks(with_calls_, prompt_end);
}

void TextParser::AddMarks(bool with_calls, std::string_view prompt_end) {
  const std::string_view prompt = Trim(prompt_end);
  if (reasoning_) {
    text_marks_.push_back({reasoning_->open, Effect::kReasoning});
    reasoning_marks_.push_back({reasoning_->close, Effect::kReasoningEnd});
    for (const std::string& mark : reasoning_->dropped) text_marks_.push_back({mark, Effect::kDrop});
    if (prompt.ends_with(reasoning_->open)) {
      state_ = State::kReasoning;
      reasoned_ = true;
    }
  }
  for (const std::string& mark : calls_.dropped) text_marks_.push_back({mark, Effect::kDrop});
  if (!calls_.text_mark.empty()) {
    // The text has a mark of its own, calls or not.
    text_marks_.push_back({calls_.begin, Effect::kSection});
    if (prompt.ends_with(calls_.begin)) state_ = State::kSection;
  }
  if (!with_calls) return;
  std::vector<Mark> marks;
  for (const auto& steps : calls_.calls) {
    if (BeginsWithText(steps)) marks.push_back({steps[0].text, Effect::kCall});
  }
  if (!calls_.begin.empty() && calls_.text_mark.empty()) {
    marks.push_back({calls_.begin, Effect::kSection});
    if (prompt.ends_with(calls_.begin)) state_ = State::kSection;
  }
  for (const std::string& mark : calls_.other_begins) marks.push_back({mark, Effect::kSection});
  text_marks_.insert(text_marks_.end(), marks.begin(), marks.end());
  if (calls_.ends_reasoning) {
    reasoning_marks_.insert(reasoning_marks_.end(), marks.begin(), marks.end());
  }
}

void TextParser::Append(std::string_view text, MessageDelta* out) {
  out_ = out;
  sink_.set_out(out);
  for (char c : text) Step(c);
}

void TextParser::Step(char c) {
  switch (state_) {
    case State::kText:
      if (!Hold(c, text_marks_)) Plain(c);
      return;
    case State::kReasoning:
      if (!Hold(c, reasoning_marks_)) Reason(c);
      return;
    case State::kSection:
      return StepSection(c);
    case State::kCall:
      return StepCall(c);
  }
}

bool TextParser::Hold(char c, const std::vector<Mark>& marks) {
  held_.push_back(c);
  bool begins = false;
  for (const Mark& mark : marks) {
    if (mark.text == held_) {
      Act(mark);
      return true;
    }
    begins = begins || mark.text.starts_with(held_);
  }
  if (begins) return true;
  if (held_.size() == 1) {
    held_.clear();
    return false;
  }
  // The first byte begins nothing; the others may.
  const std::string again = std::exchange(held_, {});
  if (state_ == State::kReasoning) {
    Reason(again[0]);
  } else {
    Plain(again[0]);
  }
  for (size_t i = 1; i < again.size(); ++i) Step(again[i]);
  return true;
}

void TextParser::Act(const Mark& mark) {
  const std::string text = std::exchange(held_, {});
  switch (mark.effect) {
    case Effect::kDrop:
      return;
    case Effect::kReasoning:
      if (!reasoning_->anywhere && (!at_start_ || reasoned_)) return Release(text);
      blanks_.clear();
      reasoned_ = true;
      reasoning_begins_ = true;
      state_ = State::kReasoning;
      return;
    case Effect::kReasoningEnd:
      blanks_.clear();
      skip_blanks_ = true;
      state_ = State::kText;
      return;
    case Effect::kSection:
    case Effect::kCall:
      break;
  }
  if (fence_.inside()) return Release(text);
  if (state_ == State::kReasoning) blanks_.clear();
  raw_ = text;
  section_has_call_ = false;
  state_ = State::kSection;
  if (mark.effect == Effect::kSection) return;
  for (const auto& steps : calls_.calls) {
    if (BeginsWithText(steps) && steps[0].text == text) return BeginCall(steps, 1);
  }
}

// Text that is known to begin nothing.
void TextParser::Release(std::string_view text) {
  for (char c : text) {
    if (state_ == State::kReasoning) {
      Reason(c);
    } else {
      EmitPlain(c);
    }
  }
}

void TextParser::Plain(char c) {
  const bool bare = with_calls_ && calls_.at_start && at_start_;
  if (bare && (c == '{' || c == '[')) {
    for (const auto& steps : calls_.calls) {
      if (!CallReader::MayBegin(steps, c)) continue;
      raw_.clear();
      section_has_call_ = false;
      BeginCall(steps, 0);
      return StepCall(c);
    }
  }
  if (bare && calls_seen_ > 0 && (c == ';' || c == ',')) {
    blanks_.push_back(c);
    return;
  }
  EmitPlain(c);
}

void TextParser::EmitPlain(char c) {
  fence_.See(c);
  // Where no mark may follow there is nothing to wait for.
  if (IsBlank(c) && (with_calls_ || reasoning_)) {
    if (!skip_blanks_) blanks_.push_back(c);
    return;
  }
  skip_blanks_ = false;
  at_start_ = false;
  out_->content += blanks_;
  blanks_.clear();
  out_->content.push_back(c);
}

void TextParser::Reason(char c) {
  if (IsBlank(c)) {
    if (!reasoning_begins_) blanks_.push_back(c);
    return;
  }
  reasoning_begins_ = false;
  out_->reasoning += blanks_;
  blanks_.clear();
  out_->reasoning.push_back(c);
}

void TextParser::BeginCall(const std::vector<CallStep>& steps, size_t at) {
  reader_.emplace(steps, sink_, at);
  state_ = State::kCall;
}

void TextParser::StepSection(char c) {
  raw_.push_back(c);
  const bool separates = IsBlank(c) || (section_has_call_ && (c == ',' || c == ';'));
  if (held_.empty() && separates) return;
  held_.push_back(c);
  if (held_ == calls_.end) return EndSection();
  if (held_ == calls_.text_mark) {
    held_.clear();
    raw_.clear();
    state_ = State::kText;
    return;
  }
  bool begins = calls_.end.starts_with(held_) || calls_.text_mark.starts_with(held_);
  for (const auto& steps : calls_.calls) {
    if (!with_calls_ || !BeginsWithText(steps)) continue;
    if (held_ == steps[0].text) {
      held_.clear();
      return BeginCall(steps, 1);
    }
    begins = begins || steps[0].text.starts_with(held_);
  }
  if (begins) return;
  const std::string again = std::exchange(held_, {});
  for (const auto& steps : calls_.calls) {
    if (!with_calls_ || BeginsWithText(steps) || !CallReader::MayBegin(steps, again[0])) continue;
    BeginCall(steps, 0);
    raw_.resize(raw_.size() - again.size());
    for (char one : again) Step(one);
    return;
  }
  Fail(again.size());
}

void TextParser::EndSection() {
  held_.clear();
  if (section_has_call_) {
    raw_.clear();
  } else {
    Release(std::exchange(raw_, {}));
  }
  state_ = State::kText;
}

void TextParser::TakeCalls() {
  if (sink_.count() == calls_seen_) return;
  calls_seen_ = sink_.count();
  section_has_call_ = true;
  raw_.clear();
  blanks_.clear();
}

void TextParser::StepCall(char c) {
  raw_.push_back(c);
  const CallReader::Result result = reader_->Step(c);
  TakeCalls();
  if (result == CallReader::Result::kMore) return;
  if (result == CallReader::Result::kError) return Fail(reader_->unread());
  reader_.reset();
  if (section_has_call_) raw_.clear();
  state_ = State::kSection;
  if (!calls_.end.empty() || calls_.many) return;
  state_ = State::kText;
  if (!section_has_call_) Release(std::exchange(raw_, {}));
}

void TextParser::Fail(size_t unread) {
  const bool sent = sink_.sent();
  sink_.Abandon();
  calls_seen_ = sink_.count();
  reader_.reset();
  held_.clear();
  state_ = State::kText;
  std::string text = std::exchange(raw_, {});
  // At least one byte is settled, so that this ends.
  if (unread >= text.size()) unread = text.empty() ? 0 : text.size() - 1;
  const std::string again = text.substr(text.size() - unread);
  text.resize(text.size() - unread);
  if (!sent) Release(text);
  for (char c : again) Step(c);
}

void TextParser::Finish(MessageDelta* out) {
  out_ = out;
  sink_.set_out(out);
  if (state_ == State::kSection || state_ == State::kCall) {
    // Marks behind a call that were cut are no text, and a call that went out in part stays one.
    const bool closing = section_has_call_ && (state_ == State::kSection || reader_->closing());
    if (closing || sink_.sent()) {
      sink_.Abandon();
      return;
    }
    sink_.Abandon();
    state_ = State::kText;
    held_.clear();
    Release(std::exchange(raw_, {}));
  } else {
    Release(std::exchange(held_, {}));
  }
  if (state_ == State::kText && calls_seen_ == 0) out_->content += blanks_;
  blanks_.clear();
}

}  // namespace pano::tools
