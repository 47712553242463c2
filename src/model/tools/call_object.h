#pragma once

#include <string>
#include <string_view>

#include "model/tools/call_sink.h"
#include "model/tools/json_scanner.h"

namespace pano::tools {

// How a call is written as a JSON object.
enum class ObjectForm {
  kNamed,  // {"name": "f", "arguments": {...}}; "parameters", "tool_name", "id" are understood too
  kBare,   // the same without any mark around it: another member makes it no call
  kKeyed,  // {"f": {...}}
};

// Reads one such object, a byte at a time. Thread-compatible.
class CallObjectReader {
 public:
  enum class Result { kMore, kDone, kError };

  CallObjectReader(ObjectForm form, CallSink& sink) : form_(form), sink_(&sink) {}
  Result Step(char c);
  bool fresh() const { return state_ == State::kOpen; }  // nothing was read

 private:
  enum class State { kOpen, kFirstKey, kKey, kColon, kValue, kNext };

  bool EndKey();
  bool EndValue();
  bool SetName(std::string_view name);
  // The arguments as they stand in the object, or inside a string there.
  bool SetArguments(std::string_view text);
  Result End();
  Result StepValue(char c);
  void BeginIfKnown();

  ObjectForm form_;
  CallSink* sink_;
  State state_ = State::kOpen;
  JsonScanner scanner_;
  std::string text_;  // of the key or value so far
  std::string key_;
  const Tool* tool_ = nullptr;
  std::string id_;
  std::string arguments_;     // where they come before the name
  bool has_arguments_ = false;
  bool passing_ = false;      // the value goes to the sink as it comes
};

// Reads an array of them, or a single one. Thread-compatible.
class CallListReader {
 public:
  using Result = CallObjectReader::Result;
  CallListReader(ObjectForm form, CallSink& sink) : form_(form), sink_(&sink), object_(form, sink) {}
  Result Step(char c);
  // Whether a whole call has just been read: what follows may still go wrong, that call stays.
  bool after_call() const { return state_ == State::kNext; }
  bool at_first() const { return state_ == State::kFirst; }  // behind "["

 private:
  enum class State { kStart, kFirst, kObject, kNext };
  Result StepObject(char c);

  ObjectForm form_;
  CallSink* sink_;
  CallObjectReader object_;
  State state_ = State::kStart;
  bool list_ = false;
};

}  // namespace pano::tools
