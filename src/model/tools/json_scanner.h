#pragma once

#include <cstddef>
#include <string>

namespace pano::tools {

// Whether bytes, given one at a time, are one JSON value (RFC 8259): accepts every beginning of one and
// says at which byte it is over. UTF-8 and surrogates are not looked at. Memory: a byte for each open
// array or object. Thread-compatible.
class JsonScanner {
 public:
  enum class Result {
    kMore,        // the byte belongs to the value
    kDone,        // it was the last one
    kDoneBefore,  // the value was over before it (numbers only)
    kError,
  };
  static constexpr size_t kDepthMax = 60;  // below the limit of json::Parse

  Result Step(char c);
  size_t depth() const { return open_.size(); }  // arrays and objects that are open
  // Whether what was given is a whole value, if nothing follows: only numbers need to ask.
  bool MayEnd() const;

 private:
  enum class State {
    kValue, kFirstElement, kFirstKey, kKey, kColon, kNext, kString, kEscape, kHex, kWord, kNumber
  };
  enum class Number { kSign, kZero, kDigits, kPoint, kFraction, kE, kESign, kExponent };

  Result Begin(char c);
  Result End();  // of a value inside or of the whole
  Result Next(char c);
  Result StepNumber(char c);

  State state_ = State::kValue;
  Number number_ = Number::kSign;
  std::string open_;         // '[' and '{'
  bool key_ = false;         // the string is a member's name
  const char* word_ = "";    // what is left of true, false, null
  int hex_ = 0;              // digits left of \uXXXX
};

}  // namespace pano::tools
