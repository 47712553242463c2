#include "app/http/message/request_parser.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "app/http/message/target.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::http {

RequestParser::RequestParser(Limits limits, BodyLimit body_limit)
    : limits_(limits), body_limit_(std::move(body_limit)), scanner_(limits.header_bytes_max) {}

void RequestParser::Refuse(int status, std::string message) {
  state_ = State::kRefused;
  refusal_ = {status, std::move(message)};
}

size_t RequestParser::Feed(std::string_view bytes) {
  if (state_ == State::kBody) return FeedBody(bytes);
  if (state_ != State::kHead) return 0;
  const size_t used = scanner_.Feed(bytes);
  switch (scanner_.state()) {
    case HeadScanner::State::kMore:
      break;
    case HeadScanner::State::kDone:
      EndHead();
      break;
    case HeadScanner::State::kMalformed:
      Refuse(400, "this is no HTTP request");
      break;
    case HeadScanner::State::kTooLarge:
      Refuse(431, StrCat("the header is longer than ", limits_.header_bytes_max, " bytes"));
      break;
  }
  return used;
}

void RequestParser::EndHead() {
  if (auto refusal = ParseRequestHead(scanner_.text(), head_)) {
    return Refuse(refusal->status, std::move(refusal->message));
  }
  auto target = ParseTarget(head_.target);
  if (!target.ok()) return Refuse(400, target.status().message());
  request_.method = head_.method;
  request_.target = head_.target;
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  request_.headers = head_.headers;
  if (body_limit_) limits_.body_bytes_max = body_limit_(request_);
  if (head_.content_length.value_or(0) > limits_.body_bytes_max) {
    return Refuse(413, StrCat("the body is longer than ", limits_.body_bytes_max, " bytes"));
  }
  const bool has_body = head_.chunked || head_.content_length.value_or(0) > 0;
  if (has_body && !ReadEncoding()) return;
  if (head_.chunked) chunked_.emplace(limits_.body_bytes_max);
  body_left_ = head_.content_length.value_or(0);
  state_ = has_body ? State::kBody : State::kComplete;
}

// False: refused.
bool RequestParser::ReadEncoding() {
  std::string_view encoding;
  for (const auto& [name, value] : head_.headers) {
    if (ToLower(name) != "content-encoding") continue;
    std::string_view one = Trim(value);
    if (ToLower(one) == "identity") continue;
    if (!encoding.empty() || one.find(',') != std::string_view::npos) {
      Refuse(415, "the body has several Content-Encodings: one, gzip, is undone here");
      return false;
    }
    encoding = one;
  }
  if (encoding.empty()) return true;
  if (ToLower(encoding) != "gzip" && ToLower(encoding) != "x-gzip") {
    Refuse(415, StrCat("the Content-Encoding '", Printable(encoding),
                       "' is not known here: send gzip, or none"));
    return false;
  }
  gzip_.emplace(limits_.body_bytes_max);
  return true;
}

size_t RequestParser::FeedBody(std::string_view bytes) {
  if (!chunked_) {
    const size_t n = static_cast<size_t>(std::min<uint64_t>(body_left_, bytes.size()));
    body_left_ -= n;
    AddBody(bytes.substr(0, n));
    if (body_left_ == 0) EndBody();
    return n;
  }
  std::string payload;  // of a compressed body; else it goes where it belongs at once
  const size_t used = chunked_->Feed(bytes, gzip_ ? payload : request_.body);
  if (gzip_) AddBody(payload);
  switch (chunked_->state()) {
    case ChunkedDecoder::State::kMore:
      break;
    case ChunkedDecoder::State::kDone:
      EndBody();
      break;
    case ChunkedDecoder::State::kMalformed:
      Refuse(400, "the chunked body is malformed");
      break;
    case ChunkedDecoder::State::kTooLarge:
      Refuse(413, StrCat("the body is longer than ", limits_.body_bytes_max, " bytes"));
      break;
  }
  return used;
}

void RequestParser::AddBody(std::string_view bytes) {
  if (!gzip_) {
    request_.body.append(bytes);
    return;
  }
  switch (gzip_->Feed(bytes, request_.body)) {
    case GzipDecoder::State::kMore:
    case GzipDecoder::State::kWhole:
      return;
    case GzipDecoder::State::kMalformed:
      return Refuse(400, "the body is no gzip, which its Content-Encoding says it is");
    case GzipDecoder::State::kTooLarge:
      return Refuse(413, StrCat("the body is longer than ", limits_.body_bytes_max,
                                " bytes once decompressed"));
    case GzipDecoder::State::kTooDense:
      return Refuse(413, StrCat("the body decompresses to more than ", GzipDecoder::kRatioMax,
                                " times its size: send it as it is"));
  }
}

// Every byte of the body has come.
void RequestParser::EndBody() {
  if (state_ == State::kRefused) return;
  if (gzip_ && gzip_->state() != GzipDecoder::State::kWhole) {
    return Refuse(400, "the gzip body is cut short");
  }
  state_ = State::kComplete;
}

namespace {

// Random bytes for ids. The system's generator fills a store of them for each thread: a call of it for every
// request would cost more than the rest of its id.
class IdBytes {
 public:
  uint8_t Next() {
    if (left_ == 0) {
      // So many never come in parts (getrandom(2)).
      PANO_CHECK(getrandom(bytes_.data(), bytes_.size(), 0) == static_cast<ssize_t>(bytes_.size()));
      left_ = bytes_.size();
    }
    return bytes_[--left_];
  }

 private:
  std::array<uint8_t, 252> bytes_;
  size_t left_ = 0;
};

std::string OwnId() {
  constexpr char kHex[] = "0123456789abcdef";
  constexpr size_t kBytes = 12;
  static thread_local IdBytes source;
  std::string id = "req-";
  for (size_t i = 0; i < kBytes; ++i) {
    const uint8_t byte = source.Next();
    id.push_back(kHex[byte >> 4]);
    id.push_back(kHex[byte & 15]);
  }
  return id;
}

}  // namespace

std::string ChooseRequestId(std::string_view sent) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  const bool fine = !sent.empty() && sent.size() <= 64 &&
                    sent.find_first_not_of(kAllowed) == std::string_view::npos;
  return fine ? std::string(sent) : OwnId();
}

}  // namespace pano::http
