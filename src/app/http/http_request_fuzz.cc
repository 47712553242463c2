// Bytes from a socket: everything between recv and the handler, whole and in pieces, must agree.
#include <cstdint>
#include <string>
#include <vector>

#include "app/http/message/request_parser.h"
#include "base/check.h"

namespace {

using pano::http::Request;
using pano::http::RequestParser;

struct Outcome {
  std::vector<Request> requests;
  int refusal = 0;
};

// As a connection does it: requests one after the other until one is refused.
Outcome Parse(std::string_view bytes, size_t step) {
  Outcome outcome;
  std::string in;
  RequestParser parser({2048, 4096});
  while (true) {
    if (parser.state() == RequestParser::State::kRefused) {
      outcome.refusal = parser.refusal().status;
      PANO_CHECK(outcome.refusal >= 400 && !parser.refusal().message.empty());
      return outcome;
    }
    if (in.empty()) {
      if (bytes.empty()) return outcome;
      in = bytes.substr(0, step);
      bytes.remove_prefix(in.size());
    }
    in.erase(0, parser.Feed(in));
    if (parser.state() == RequestParser::State::kComplete) {
      PANO_CHECK(parser.request().body.size() <= 4096);
      outcome.requests.push_back(parser.request());
      std::destroy_at(&parser);
      std::construct_at(&parser, RequestParser::Limits{2048, 4096});
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Parse(bytes, std::max<size_t>(size, 1));
  for (size_t step : {size_t{1}, size_t{7}}) {
    const Outcome pieces = Parse(bytes, step);
    PANO_CHECK(pieces.refusal == whole.refusal);
    PANO_CHECK(pieces.requests.size() == whole.requests.size());
    for (size_t i = 0; i < whole.requests.size(); ++i) {
      PANO_CHECK(pieces.requests[i].path == whole.requests[i].path);
      PANO_CHECK(pieces.requests[i].query == whole.requests[i].query);
      PANO_CHECK(pieces.requests[i].headers == whole.requests[i].headers);
      PANO_CHECK(pieces.requests[i].body == whole.requests[i].body);
    }
  }
  return 0;
}
