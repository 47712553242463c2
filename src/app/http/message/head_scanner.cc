#include "app/http/message/head_scanner.h"

namespace pano::http {

size_t HeadScanner::Feed(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && state_ == State::kMore) {
    if (++seen_ > bytes_max_) {
      state_ = State::kTooLarge;
      break;
    }
    Step(bytes[used++]);
  }
  return used;
}

void HeadScanner::Step(char c) {
  if (after_cr_ != (c == '\n')) {
    state_ = State::kMalformed;  // CR without LF, LF without CR
    return;
  }
  if (c == '\r') {
    after_cr_ = true;
    return;
  }
  if (c == '\n') {
    after_cr_ = false;
    if (line_bytes_ == 0 && text_.empty()) return;
    text_.append("\r\n");
    if (line_bytes_ == 0) state_ = State::kDone;
    line_bytes_ = 0;
    return;
  }
  const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  const bool folded = line_bytes_ == 0 && (c == ' ' || c == '\t');
  if ((control && c != '\t') || folded) {
    state_ = State::kMalformed;
    return;
  }
  ++line_bytes_;
  text_.push_back(c);
}

}  // namespace pano::http
