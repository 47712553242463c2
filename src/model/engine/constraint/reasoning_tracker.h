#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/engine/request.h"

namespace pano::engine {

// How many tokens of reasoning a sequence has written, and what it has to write once they are as many as
// they may be. Copies look ahead. Thread-compatible.
class ReasoningTracker {
 public:
  // `limit` (null: none) outlives it and its copies.
  explicit ReasoningTracker(const ReasoningLimit* limit);

  // The sequence goes on with a token that stands for `bytes`.
  void Accept(TokenId id, std::string_view bytes);
  // The token that has to be next; -1: any.
  TokenId Forced() const;
  // The forced token does not fit where the text stands. Within a character it fits a token later; once
  // the mark has begun, never.
  void CannotForce();
  // How many tokens may be taken before one is forced.
  size_t FreeTokens() const;

 private:
  enum class State : uint8_t { kBefore, kInside, kBehind };

  const ReasoningLimit* limit_;
  State state_ = State::kBehind;
  int64_t tokens_ = 0;    // inside
  size_t closing_ = 0;    // of limit_->closing, taken
  std::string text_;      // before: the beginning; inside: the end, where the closing mark may begin
};

}  // namespace pano::engine
