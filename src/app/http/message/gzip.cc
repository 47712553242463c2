#include "app/http/message/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace pano::http {

// zlib's state, which must stay where it is. Thread-compatible.
struct GzipDecoder::Inflater {
  // 15: the whole window; 16: a gzip header, nothing else.
  Inflater() { PANO_CHECK(inflateInit2(&stream, 15 + 16) == Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
};

GzipDecoder::GzipDecoder(uint64_t bytes_max)
    : inflater_(std::make_unique<Inflater>()), bytes_max_(bytes_max) {}
GzipDecoder::~GzipDecoder() = default;
GzipDecoder::GzipDecoder(GzipDecoder&&) noexcept = default;
GzipDecoder& GzipDecoder::operator=(GzipDecoder&&) noexcept = default;

GzipDecoder::State GzipDecoder::Feed(std::string_view bytes, std::string& body) {
  if (state_ == State::kMore || state_ == State::kWhole) state_ = Inflate(bytes, body);
  return state_;
}

GzipDecoder::State GzipDecoder::Inflate(std::string_view bytes, std::string& body) {
  z_stream& stream = inflater_->stream;
  std::array<char, 16 << 10> out;
  State state = state_;
  // zlib does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  taken_ += bytes.size();
  bool full = false;  // the last round filled `out`, so there may be more without further input
  while (stream.avail_in > 0 || full) {
    if (state == State::kWhole) {  // the next member
      if (inflateReset(&stream) != Z_OK) return State::kMalformed;
      state = State::kMore;
    }
    // One byte beyond what may come tells "exactly full" from "too large".
    const uint64_t room = std::min<uint64_t>(bytes_max_ - made_ + 1, out.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream, Z_NO_FLUSH);
    const uint64_t made = room - stream.avail_out;
    made_ += made;
    if (made_ > bytes_max_) return State::kTooLarge;
    if (made_ > kAnyRatioBytes && made_ > kRatioMax * taken_) return State::kTooDense;
    body.append(out.data(), made);
    full = code == Z_OK && stream.avail_out == 0;
    if (code == Z_STREAM_END) {
      state = State::kWhole;
    } else if (code == Z_BUF_ERROR) {
      break;  // nothing left to do with what has come
    } else if (code != Z_OK) {
      return State::kMalformed;
    }
  }
  return state;
}

}  // namespace pano::http
