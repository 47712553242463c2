#include "app/http/message/chunked.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace pano::http {
namespace {

constexpr size_t kExtensionBytesMax = 256;
constexpr size_t kTrailerBytesMax = 8 << 10;
constexpr size_t kSizeDigitsMax = 15;  // 60 bits: no overflow

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsText(char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\t'; }

}  // namespace

size_t ChunkedDecoder::Feed(std::string_view bytes, std::string& body) {
  size_t used = 0;
  while (used < bytes.size() && state_ == State::kMore) {
    if (at_ != At::kData) {
      Step(bytes[used++]);
      continue;
    }
    const size_t n = static_cast<size_t>(std::min<uint64_t>(chunk_, bytes.size() - used));
    body.append(bytes.substr(used, n));
    used += n;
    chunk_ -= n;
    if (chunk_ == 0) at_ = At::kDataCr;
  }
  return used;
}

void ChunkedDecoder::Step(char c) {
  const auto expect = [&](char wanted, At next) {
    if (c != wanted) {
      state_ = State::kMalformed;
    } else {
      at_ = next;
    }
  };
  switch (at_) {
    case At::kSize:
      return StepSize(c);
    case At::kExtension:
      if (c == '\r') {
        at_ = At::kSizeLf;
      } else if (!IsText(c) || ++extension_bytes_ > kExtensionBytesMax) {
        state_ = State::kMalformed;
      }
      return;
    case At::kSizeLf:
      if (c != '\n') {
        state_ = State::kMalformed;
        return;
      }
      return EndSizeLine();
    case At::kDataCr:
      return expect('\r', At::kDataLf);
    case At::kDataLf:
      return expect('\n', At::kSize);
    case At::kTrailer:
    case At::kTrailerLf:
      return StepTrailer(c);
    case At::kData:
      break;
  }
  PANO_CHECK(false);
}

void ChunkedDecoder::StepSize(char c) {
  const int digit = HexValue(c);
  if (digit >= 0 && digits_ < kSizeDigitsMax) {
    ++digits_;
    chunk_ = chunk_ * 16 + static_cast<uint64_t>(digit);
  } else if (digits_ > 0 && c == '\r') {
    at_ = At::kSizeLf;
  } else if (digits_ > 0 && c == ';') {
    at_ = At::kExtension;
  } else {
    state_ = State::kMalformed;
  }
}

void ChunkedDecoder::EndSizeLine() {
  digits_ = 0;
  extension_bytes_ = 0;
  if (chunk_ > room_) {
    state_ = State::kTooLarge;
    return;
  }
  room_ -= chunk_;
  at_ = chunk_ > 0 ? At::kData : At::kTrailer;
}

void ChunkedDecoder::StepTrailer(char c) {
  if (++trailer_bytes_ > kTrailerBytesMax) {
    state_ = State::kMalformed;
  } else if (at_ == At::kTrailerLf) {
    if (c != '\n') {
      state_ = State::kMalformed;
    } else if (trailer_line_empty_) {
      state_ = State::kDone;
    } else {
      trailer_line_empty_ = true;
      at_ = At::kTrailer;
    }
  } else if (c == '\r') {
    at_ = At::kTrailerLf;
  } else if (IsText(c)) {
    trailer_line_empty_ = false;
  } else {
    state_ = State::kMalformed;
  }
}

std::string ChunkHead(size_t data_size) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, data_size, 16).ptr;
  return std::string(digits, end).append("\r\n");  // short enough to need no memory
}

std::string EncodeChunk(std::string_view data) {
  PANO_CHECK(!data.empty());
  std::string out;
  out.reserve(data.size() + 24);
  out.append(ChunkHead(data.size())).append(data).append(kChunkEnd);
  return out;
}

}  // namespace pano::http
