// What a server may send to our client: responses and the event streams in them.
#include <cstdint>
#include <string>

#include "app/http/message/response_parser.h"
#include "app/http/sse.h"
#include "base/check.h"

namespace {

struct Outcome {
  pano::http::ResponseParser::State state;
  std::string body;
  std::string events;
};

Outcome Parse(std::string_view bytes, size_t step) {
  using State = pano::http::ResponseParser::State;
  pano::http::ResponseParser parser(false, 2048);
  Outcome outcome;
  pano::http::SseParser sse(
      [&](const pano::http::SseEvent& e) {
        outcome.events += e.event + '\1' + e.data + '\1' + e.id;
      },
      1 << 20);
  while (!bytes.empty() && parser.state() < State::kComplete) {
    std::string piece;
    bytes.remove_prefix(parser.Feed(bytes.substr(0, step), piece));
    sse.Feed(piece);
    outcome.body += piece;
  }
  parser.FeedEnd();
  outcome.state = parser.state();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Parse(bytes, std::max<size_t>(size, 1));
  const Outcome pieces = Parse(bytes, 1);
  PANO_CHECK(whole.state == pieces.state);
  PANO_CHECK(whole.body == pieces.body);
  PANO_CHECK(whole.events == pieces.events);
  return 0;
}
