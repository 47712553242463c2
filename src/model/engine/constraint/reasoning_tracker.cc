#include "model/engine/constraint/reasoning_tracker.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"

namespace pano::engine {

ReasoningTracker::ReasoningTracker(const ReasoningLimit* limit) : limit_(limit) {
  if (limit_ == nullptr || limit_->closing.empty() || limit_->close.empty()) return;
  state_ = limit_->open.empty() ? State::kInside : State::kBefore;
}

TokenId ReasoningTracker::Forced() const {
  if (state_ != State::kInside || tokens_ < limit_->tokens_max) return -1;
  return limit_->closing[closing_];
}

void ReasoningTracker::CannotForce() {
  if (closing_ > 0) state_ = State::kBehind;
}

size_t ReasoningTracker::FreeTokens() const {
  if (state_ == State::kBehind) return std::numeric_limits<size_t>::max();
  // The opening mark has to be seen before anything is counted.
  if (state_ == State::kBefore) return 1;
  return static_cast<size_t>(std::max<int64_t>(limit_->tokens_max - tokens_, 0));
}

void ReasoningTracker::Accept(TokenId id, std::string_view bytes) {
  if (state_ == State::kBehind) return;
  text_ += bytes;
  if (state_ == State::kBefore) {
    const std::string_view text = Trim(text_);
    if (text.starts_with(limit_->open)) {
      state_ = State::kInside;
      text_ = std::string(text.substr(limit_->open.size()));
    } else if (!std::string_view(limit_->open).starts_with(text)) {
      state_ = State::kBehind;
    }
    return;
  }
  const bool forced = Forced() == id;
  ++tokens_;
  if (text_.find(limit_->close) != std::string::npos) {
    state_ = State::kBehind;
    return;
  }
  if (text_.size() >= limit_->close.size()) {
    text_.erase(0, text_.size() - limit_->close.size() + 1);
  }
  closing_ = forced ? closing_ + 1 : 0;
  if (closing_ == limit_->closing.size()) state_ = State::kBehind;
}

}  // namespace pano::engine
