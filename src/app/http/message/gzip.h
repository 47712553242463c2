#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pano::http {

// Undoes `Content-Encoding: gzip` (RFC 1952, members one after the other) as a body arrives, by
// zlib.
// What comes out is bounded before it is made: by `bytes_max`, and by what went in, so that a few
// bytes cannot cost megabytes of work. Thread-compatible.
class GzipDecoder {
 public:
  enum class State {
    kMore,       // in the middle of a member, or nothing has come yet
    kWhole,      // at the end of a member: the body may end here
    kMalformed,  // this is not gzip, or its checksum is wrong
    kTooLarge,   // more than bytes_max
    kTooDense,   // more than kRatioMax times what went in
  };

  // JSON shrinks to a tenth, seldom to a fiftieth; zlib reaches 1032 with zeros.
  static constexpr uint64_t kRatioMax = 100;
  // Small bodies may be as dense as they like.
  static constexpr uint64_t kAnyRatioBytes = 64 << 10;

  explicit GzipDecoder(uint64_t bytes_max);
  ~GzipDecoder();
  GzipDecoder(GzipDecoder&&) noexcept;
  GzipDecoder& operator=(GzipDecoder&&) noexcept;

  // Appends what `bytes` hold to `body`. Takes nothing more after a refusal.
  State Feed(std::string_view bytes, std::string& body);
  State state() const { return state_; }

 private:
  struct Inflater;

  State Inflate(std::string_view bytes, std::string& body);

  std::unique_ptr<Inflater> inflater_;
  uint64_t bytes_max_;
  uint64_t taken_ = 0;  // bytes that went in
  uint64_t made_ = 0;   // bytes that came out
  State state_ = State::kMore;
};

}  // namespace pano::http
