#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tools/call_format.h"
#include "model/tools/call_reader.h"
#include "model/tools/call_sink.h"
#include "model/tools/message_parser.h"

namespace pano::tools {

// Whether a text is inside a fenced code block (CommonMark 4.5): three backticks or tildes or more begin a line and open
// one; as many or more of the same, alone on a line, close it. Backticks with more of them behind on the line are code in a
// line. Fences count however far they are indented, as lists have them. Thread-compatible.
class FenceTracker {
 public:
  void See(char c);
  bool inside() const { return inside_; }

 private:
  enum class Line { kBegin, kMarks, kInfo, kBlanks, kOther };  // what of the line was seen
  void EndLine();
  void Open();
  bool Closes() const { return mark_ == open_mark_ && marks_ >= open_marks_; }

  bool inside_ = false;
  Line line_ = Line::kBegin;
  char mark_ = 0;  // that the line begins with, and how often
  int marks_ = 0;
  char open_mark_ = 0;  // of the fence that it is inside of
  int open_marks_ = 0;
};

// The parser of all formats whose message is one text with marks in it: a machine that takes a byte at
// a time and holds back what may become a mark or a call. Thread-compatible.
class TextParser final : public MessageParser {
 public:
  // The formats outlive it. `reasoning` may be null.
  TextParser(const CallFormat& calls, const ReasoningFormat* reasoning, CallSink::Settings sink,
             std::string_view prompt_end);

  void Append(std::string_view text, MessageDelta* out) override;
  void Finish(MessageDelta* out) override;

 private:
  enum class State { kText, kReasoning, kSection, kCall };
  enum class Effect { kSection, kCall, kReasoning, kReasoningEnd, kDrop };
  struct Mark {
    std::string text;
    Effect effect;
  };

  void AddMarks(bool with_calls, std::string_view prompt_end);
  void Step(char c);
  // Holds back the beginning of a mark of the state; true when `c` is settled.
  bool Hold(char c, const std::vector<Mark>& marks);
  void Act(const Mark& mark);
  void Plain(char c);          // a byte of content
  void EmitPlain(char c);      // one that can begin nothing
  void Reason(char c);         // a byte of reasoning
  void StepSection(char c);
  void StepCall(char c);
  void TakeCalls();            // of the reader's last step
  void BeginCall(const std::vector<CallStep>& steps, size_t at);
  void EndSection();
  // What was read since the last call is none; the last `unread` bytes are looked at again.
  void Fail(size_t unread);
  void Release(std::string_view text);

  const CallFormat& calls_;
  const ReasoningFormat* const reasoning_;
  const bool with_calls_;
  CallSink sink_;
  MessageDelta* out_ = nullptr;

  std::vector<Mark> text_marks_, reasoning_marks_;
  State state_ = State::kText;
  std::string held_;          // the beginning of a mark
  std::string blanks_;        // that go out if text follows
  bool skip_blanks_ = false;  // behind reasoning
  bool at_start_ = true;      // no content yet
  bool reasoned_ = false;
  bool reasoning_begins_ = true;
  FenceTracker fence_;

  std::string raw_;       // what was read since the mark, or since the last call
  size_t calls_seen_ = 0;
  bool section_has_call_ = false;
  std::optional<CallReader> reader_;
};

}  // namespace pano::tools
