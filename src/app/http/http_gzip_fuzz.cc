// A gzip body in pieces of any size must end the same way, and never be larger than its limits.
#include <cstdint>
#include <string>
#include <string_view>

#include "app/http/message/gzip.h"
#include "base/check.h"

namespace {

constexpr size_t kBytesMax = 1 << 20;

using pano::http::GzipDecoder;

GzipDecoder::State Decode(std::string_view bytes, size_t step, std::string& body) {
  GzipDecoder decoder(kBytesMax);
  for (size_t at = 0; at < bytes.size(); at += step) decoder.Feed(bytes.substr(at, step), body);
  return decoder.state();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string whole;
  const GzipDecoder::State state = Decode(bytes, std::max<size_t>(size, 1), whole);
  PANO_CHECK(whole.size() <= kBytesMax);
  PANO_CHECK(whole.size() <= std::max(GzipDecoder::kAnyRatioBytes, GzipDecoder::kRatioMax * size));
  std::string pieces;
  const GzipDecoder::State stepwise = Decode(bytes, 5, pieces);
  // A body that is dense at its beginning alone is refused only where it comes in pieces.
  if (stepwise != GzipDecoder::State::kTooDense && state != GzipDecoder::State::kTooDense) {
    PANO_CHECK(stepwise == state);
    PANO_CHECK(pieces == whole || state > GzipDecoder::State::kWhole);
  }
  return 0;
}
