// The only file that includes Beast's parser, which is slow to compile. It reads start line and
// fields; bodies are ours (chunked.h), because basic_parser 1.81 asserts on a last chunk that
// arrives byte by byte, and counts no total of a head that arrives in pieces.
#include "app/http/message/head.h"

#include <boost/beast/http/basic_parser.hpp>

#include "base/strings.h"

namespace pano::http {
namespace {

namespace beast = boost::beast::http;
using ErrorCode = boost::beast::error_code;
using Text = boost::beast::string_view;

std::string ToString(Text text) { return {text.data(), text.size()}; }

// Fields that decide where a message ends.
struct Framing {
  int lengths = 0;
  int encodings = 0;
  int hosts = 0;
  bool encoding_is_chunked = false;
  bool length_is_number = true;
  std::string expect;

  void Note(beast::field field, std::string_view value) {
    if (field == beast::field::content_length) {
      ++lengths;
      // More than 18 digits could overflow; "+1" and "1,1" are no numbers here.
      length_is_number = !value.empty() && value.size() <= 18 &&
                         value.find_first_not_of("0123456789") == std::string_view::npos;
    } else if (field == beast::field::transfer_encoding) {
      ++encodings;
      encoding_is_chunked = ToLower(value) == "chunked";
    } else if (field == beast::field::host) {
      ++hosts;
    } else if (field == beast::field::expect) {
      expect = ToLower(value);
    }
  }

  std::optional<Refusal> Check(bool version_11) const {
    if (lengths > 1) return Refusal{400, "Content-Length is given twice"};
    if (encodings > 1) return Refusal{400, "Transfer-Encoding is given twice"};
    if (lengths > 0 && encodings > 0) {
      return Refusal{400, "Content-Length and Transfer-Encoding are both given"};
    }
    if (!length_is_number) return Refusal{400, "Content-Length is no number"};
    if (encodings > 0 && !version_11) {
      return Refusal{400, "Transfer-Encoding is not part of HTTP/1.0"};
    }
    if (encodings > 0 && !encoding_is_chunked) {
      return Refusal{501, "the only Transfer-Encoding known here is chunked"};
    }
    return std::nullopt;
  }
};

// Collects what Beast finds in a head. Confined to one call.
template <bool kIsRequest>
class Collector final : public beast::basic_parser<kIsRequest> {
 public:
  std::string method;
  std::string target;
  Headers headers;
  int version = 11;
  int status = 0;
  Framing framing;

  // All of `text` is given at once; the body is not Beast's (skip).
  ErrorCode Parse(std::string_view text) {
    this->header_limit(static_cast<uint32_t>(text.size()) + 1);
    this->skip(true);
    ErrorCode error;
    const size_t used = this->put(boost::asio::const_buffer(text.data(), text.size()), error);
    if (!error && (!this->is_done() || used != text.size())) error = beast::error::bad_value;
    return error;
  }

 private:
  void on_request_impl(beast::verb, Text method_text, Text target_text, int version_number,
                       ErrorCode&) override {
    method = ToString(method_text);
    target = ToString(target_text);
    version = version_number;
  }
  void on_response_impl(int code, Text, int version_number, ErrorCode&) override {
    status = code;
    version = version_number;
  }
  void on_field_impl(beast::field field, Text name, Text value, ErrorCode&) override {
    headers.emplace_back(ToString(name), ToString(value));
    framing.Note(field, headers.back().second);
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, ErrorCode&) override {}
  size_t on_body_impl(Text body, ErrorCode&) override { return body.size(); }
  void on_chunk_header_impl(uint64_t, Text, ErrorCode&) override {}
  size_t on_chunk_body_impl(uint64_t, Text body, ErrorCode&) override { return body.size(); }
  void on_finish_impl(ErrorCode&) override {}
};

Refusal Explain(const ErrorCode& error) {
  if (error == beast::error::bad_version) {
    return {505, "this server speaks HTTP/1.0 and HTTP/1.1"};
  }
  if (error == beast::error::bad_method || error == beast::error::bad_target) {
    return {400, "the request line is malformed"};
  }
  if (error == beast::error::bad_content_length || error == beast::error::multiple_content_length) {
    return {400, "Content-Length is malformed or given twice"};
  }
  if (error == beast::error::bad_transfer_encoding) {
    return {400, "Transfer-Encoding is malformed or contradicts Content-Length"};
  }
  return {400, "a header field is malformed"};
}

}  // namespace

std::optional<Refusal> ParseRequestHead(std::string_view text, RequestHead& head) {
  Collector<true> parser;
  if (const ErrorCode error = parser.Parse(text)) return Explain(error);
  const bool version_11 = parser.version == 11;
  if (auto refusal = parser.framing.Check(version_11)) return refusal;
  if (parser.framing.hosts > 1) return Refusal{400, "Host is given twice"};
  if (version_11 && parser.framing.hosts == 0) return Refusal{400, "Host is missing"};
  if (!parser.framing.expect.empty() && parser.framing.expect != "100-continue") {
    return Refusal{417, "the only expectation known here is 100-continue"};
  }
  head.method = std::move(parser.method);
  head.target = std::move(parser.target);
  head.headers = std::move(parser.headers);
  head.version_minor = version_11 ? 1 : 0;
  head.keep_alive = parser.keep_alive();
  head.expects_continue = version_11 && !parser.framing.expect.empty();
  head.chunked = parser.framing.encodings > 0;
  if (parser.framing.lengths > 0) head.content_length = parser.content_length().value_or(0);
  return std::nullopt;
}

std::optional<Refusal> ParseResponseHead(std::string_view text, ResponseHead& head) {
  Collector<false> parser;
  if (const ErrorCode error = parser.Parse(text)) return Explain(error);
  if (auto refusal = parser.framing.Check(true)) return refusal;
  head.status = parser.status;
  head.headers = std::move(parser.headers);
  head.keep_alive = parser.keep_alive();
  head.chunked = parser.framing.encodings > 0;
  if (parser.framing.lengths > 0) head.content_length = parser.content_length().value_or(0);
  return std::nullopt;
}

}  // namespace pano::http
