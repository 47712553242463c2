#include "model/tools/json_scanner.h"

namespace pano::tools {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

JsonScanner::Result JsonScanner::End() {
  if (open_.empty()) return Result::kDone;
  state_ = State::kNext;
  return Result::kMore;
}

JsonScanner::Result JsonScanner::Begin(char c) {
  if (c == '{' || c == '[') {
    if (open_.size() >= kDepthMax) return Result::kError;
    open_.push_back(c);
    state_ = c == '{' ? State::kFirstKey : State::kFirstElement;
    return Result::kMore;
  }
  if (c == '"') {
    key_ = false;
    state_ = State::kString;
    return Result::kMore;
  }
  if (c == 't' || c == 'f' || c == 'n') {
    word_ = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
    state_ = State::kWord;
    return Result::kMore;
  }
  if (c != '-' && !IsDigit(c)) return Result::kError;
  number_ = c == '-' ? Number::kSign : c == '0' ? Number::kZero : Number::kDigits;
  state_ = State::kNumber;
  return Result::kMore;
}

// Behind a value inside an array or object.
JsonScanner::Result JsonScanner::Next(char c) {
  if (IsBlank(c)) return Result::kMore;
  const bool object = open_.back() == '{';
  if (c == ',') {
    state_ = object ? State::kKey : State::kValue;
    return Result::kMore;
  }
  if (c != (object ? '}' : ']')) return Result::kError;
  open_.pop_back();
  return End();
}

bool JsonScanner::MayEnd() const {
  return state_ == State::kNumber && open_.empty() &&
         (number_ == Number::kZero || number_ == Number::kDigits ||
          number_ == Number::kFraction || number_ == Number::kExponent);
}

JsonScanner::Result JsonScanner::StepNumber(char c) {
  const bool digit = IsDigit(c);
  const bool e = c == 'e' || c == 'E';
  switch (number_) {
    case Number::kSign:
      if (!digit) return Result::kError;
      number_ = c == '0' ? Number::kZero : Number::kDigits;
      return Result::kMore;
    case Number::kPoint:
      if (!digit) return Result::kError;
      number_ = Number::kFraction;
      return Result::kMore;
    case Number::kE:
      if (!digit && c != '+' && c != '-') return Result::kError;
      number_ = digit ? Number::kExponent : Number::kESign;
      return Result::kMore;
    case Number::kESign:
      if (!digit) return Result::kError;
      number_ = Number::kExponent;
      return Result::kMore;
    case Number::kZero:
      if (digit) return Result::kError;
      [[fallthrough]];
    case Number::kDigits:
      if (c == '.') {
        number_ = Number::kPoint;
        return Result::kMore;
      }
      [[fallthrough]];
    case Number::kFraction:
      if (e) {
        number_ = Number::kE;
        return Result::kMore;
      }
      [[fallthrough]];
    case Number::kExponent:
      if (digit) return Result::kMore;
      break;
  }
  if (open_.empty()) return Result::kDoneBefore;
  state_ = State::kNext;
  return Next(c);
}

JsonScanner::Result JsonScanner::Step(char c) {
  switch (state_) {
    case State::kFirstElement:
      if (c == ']') {
        open_.pop_back();
        return End();
      }
      [[fallthrough]];
    case State::kValue:
      return IsBlank(c) ? Result::kMore : Begin(c);
    case State::kFirstKey:
      if (c == '}') {
        open_.pop_back();
        return End();
      }
      [[fallthrough]];
    case State::kKey:
      if (IsBlank(c)) return Result::kMore;
      if (c != '"') return Result::kError;
      key_ = true;
      state_ = State::kString;
      return Result::kMore;
    case State::kColon:
      if (IsBlank(c)) return Result::kMore;
      if (c != ':') return Result::kError;
      state_ = State::kValue;
      return Result::kMore;
    case State::kNext:
      return Next(c);
    case State::kString:
      if (static_cast<unsigned char>(c) < 0x20) return Result::kError;
      if (c == '\\') {
        state_ = State::kEscape;
      } else if (c == '"') {
        if (!key_) return End();
        state_ = State::kColon;
      }
      return Result::kMore;
    case State::kEscape:
      if (c == 'u') {
        hex_ = 4;
        state_ = State::kHex;
        return Result::kMore;
      }
      state_ = State::kString;
      return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' ||
                     c == 't'
                 ? Result::kMore
                 : Result::kError;
    case State::kHex:
      if (!IsHex(c)) return Result::kError;
      if (--hex_ == 0) state_ = State::kString;
      return Result::kMore;
    case State::kWord:
      if (c != *word_) return Result::kError;
      return *++word_ == '\0' ? End() : Result::kMore;
    case State::kNumber:
      return StepNumber(c);
  }
  return Result::kError;
}

}  // namespace pano::tools
