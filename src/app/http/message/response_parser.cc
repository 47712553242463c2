#include "app/http/message/response_parser.h"

#include <algorithm>
#include <limits>

#include "app/http/message/response_head.h"

namespace pano::http {

ResponseParser::ResponseParser(bool is_head_request, size_t header_bytes_max)
    : is_head_request_(is_head_request), header_bytes_max_(header_bytes_max) {
  scanner_.emplace(header_bytes_max_);
}

size_t ResponseParser::Feed(std::string_view bytes, std::string& body) {
  if (state_ == State::kHead) {
    const size_t used = scanner_->Feed(bytes);
    if (scanner_->state() == HeadScanner::State::kDone) {
      EndHead();
    } else if (scanner_->state() != HeadScanner::State::kMore) {
      state_ = State::kMalformed;
    }
    return used;
  }
  if (state_ != State::kBody) return 0;
  if (chunked_) {
    const size_t used = chunked_->Feed(bytes, body);
    if (chunked_->state() == ChunkedDecoder::State::kDone) {
      state_ = State::kComplete;
    } else if (chunked_->state() != ChunkedDecoder::State::kMore) {
      state_ = State::kMalformed;
    }
    return used;
  }
  const size_t n = static_cast<size_t>(std::min<uint64_t>(body_left_, bytes.size()));
  body.append(bytes.substr(0, n));
  if (!until_close_) body_left_ -= n;
  if (body_left_ == 0) state_ = State::kComplete;
  return n;
}

void ResponseParser::EndHead() {
  if (ParseResponseHead(scanner_->text(), head_)) {
    state_ = State::kMalformed;
    return;
  }
  if (head_.status / 100 == 1 && head_.status != 101) {
    head_ = {};
    scanner_.emplace(header_bytes_max_);
    return;
  }
  state_ = State::kBody;
  if (is_head_request_ || StatusHasNoBody(head_.status)) {
    state_ = State::kComplete;
  } else if (head_.chunked) {
    chunked_.emplace(std::numeric_limits<uint64_t>::max());
  } else if (head_.content_length) {
    body_left_ = *head_.content_length;
    if (body_left_ == 0) state_ = State::kComplete;
  } else {
    until_close_ = true;
    body_left_ = std::numeric_limits<uint64_t>::max();
  }
}

void ResponseParser::FeedEnd() {
  if (state_ == State::kComplete) return;
  state_ = state_ == State::kBody && until_close_ ? State::kComplete : State::kMalformed;
}

}  // namespace pano::http
