#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tools/call_format.h"
#include "model/tools/call_object.h"
#include "model/tools/call_sink.h"
#include "model/tools/json_scanner.h"

namespace pano::tools {

// Reads what stands between "(" and ")" of calls written in Python's syntax: [f(a=1), g()] or f(a=1).
// Thread-compatible.
class PythonCallReader {
 public:
  using Result = CallObjectReader::Result;
  explicit PythonCallReader(CallSink& sink) : sink_(&sink) {}
  Result Step(char c);
  bool after_call() const { return state_ == State::kNext; }
  bool at_first() const { return state_ == State::kName && list_ && name_.empty() && !tool_; }

 private:
  enum class State { kStart, kName, kArguments, kNext };
  enum class Quote { kNone, kOne, kTwo, kText, kEscape };

  bool EndName();
  bool EndCall();
  // Whether `c` closes the call; keeps track of quotes and brackets.
  bool Track(char c, bool& bad);
  void TrackQuote(char c);

  CallSink* sink_;
  State state_ = State::kStart;
  bool list_ = false;
  const Tool* tool_ = nullptr;
  std::string name_, arguments_;
  std::string open_;  // brackets within the arguments
  Quote quote_ = Quote::kNone;
  char quote_mark_ = 0;
  bool triple_ = false;
  int closing_ = 0;  // quotes of a closing triple
};

// Reads arguments that are written as tags, up to the mark that closes the call. Thread-compatible.
class TagReader {
 public:
  using Result = CallObjectReader::Result;
  TagReader(const TagForm& form, const Tool& tool, CallSink& sink)
      : form_(&form), tool_(&tool), sink_(&sink) {}
  Result Step(char c);
  // Bytes at the end of what was given that were taken for the beginning of a mark.
  size_t pending() const { return mark_.size(); }

 private:
  enum class State { kBetween, kKey, kAttributes, kBeforeValue, kValue };
  // Whether text_ ends with `mark`, which it then loses.
  bool Ends(std::string_view mark);
  void EndValue();
  Result End();

  const TagForm* form_;
  const Tool* tool_;
  CallSink* sink_;
  State state_ = State::kBetween;
  std::string mark_;  // the beginning of a mark
  std::string text_;  // of a key, attributes or a value
  std::string key_, attributes_;
  size_t count_ = 0;
};

// Reads one call by the steps of its format, a byte at a time. Thread-compatible.
class CallReader {
 public:
  using Result = CallObjectReader::Result;
  // `at`: the step to begin with.
  CallReader(const std::vector<CallStep>& steps, CallSink& sink, size_t at = 0);

  // Whether a call that is written so may begin with `c`.
  static bool MayBegin(const std::vector<CallStep>& steps, char c);

  Result Step(char c);
  // After kError: how many of the last bytes, the refused one included, may be the beginning of
  // something else.
  size_t unread() const { return unread_; }
  // Whether what is left to read belongs to no further call: marks only.
  bool closing() const;

 private:
  void Enter(size_t at);
  Result Advance();            // the step is over with the byte just read
  Result Retry(char c);        // the step is over before `c`
  Result StepText(char c);
  Result StepName(char c);
  Result StepId(char c);
  Result StepUpTo(char c);
  Result StepJson(char c);
  Result StepMarked(char c);
  Result StepCalls(char c);
  Result StepInner(Result inner);
  Result Fail(size_t unread);
  std::string WholeId() const;

  const std::vector<CallStep>* steps_;
  CallSink* sink_;
  size_t at_ = 0;
  size_t unread_ = 1;
  size_t matched_ = 0;     // of a text
  std::string text_;       // of a name, an id or arguments
  const Tool* tool_ = nullptr;
  std::string id_;
  size_t depth_ = 0;       // of braces and brackets of marked arguments
  bool in_string_ = false;
  JsonScanner scanner_;
  std::optional<TagReader> tags_;
  std::optional<CallListReader> objects_;
  std::optional<PythonCallReader> python_;
};

}  // namespace pano::tools
