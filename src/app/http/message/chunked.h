#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pano::http {

// Takes a chunked body apart as it arrives (RFC 9112, 7.1), strictly: CR LF only, extensions and
// trailers are skipped and bounded. Thread-compatible.
class ChunkedDecoder {
 public:
  enum class State { kMore, kDone, kMalformed, kTooLarge };

  explicit ChunkedDecoder(uint64_t bytes_max) : room_(bytes_max) {}

  // Appends the payload in `bytes` to `body`; returns how many bytes belong to this body.
  size_t Feed(std::string_view bytes, std::string& body);
  State state() const { return state_; }

 private:
  enum class At { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kTrailerLf };

  void Step(char c);
  void StepSize(char c);
  void StepTrailer(char c);
  void EndSizeLine();

  State state_ = State::kMore;
  At at_ = At::kSize;
  uint64_t room_;       // payload that may still come
  uint64_t chunk_ = 0;  // of the current chunk: its size, then what is still to come
  size_t digits_ = 0;
  size_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  bool trailer_line_empty_ = true;
};

// "5\r\nhello\r\n". REQUIRES: data is not empty.
std::string EncodeChunk(std::string_view data);
// What stands around its data: "5\r\n".
std::string ChunkHead(size_t data_size);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace pano::http
