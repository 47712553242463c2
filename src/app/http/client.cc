#include "app/http/client.h"

#include <array>

#include "app/http/message/response_parser.h"
#include "app/http/request_text.h"
#include "base/strings.h"

namespace pano::http {

std::string_view ClientResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (ToLower(key) == ToLower(name)) return value;
  }
  return {};
}

Status Client::Failed(const Status& why, std::string_view action,
                      std::chrono::milliseconds timeout) const {
  if (why.code() == StatusCode::kCancelled || why.reason() == "host_not_found") return why;
  if (why.code() == StatusCode::kDeadline) {
    return Status(StatusCode::kDeadline,
                  StrCat(url_.HostField(), " is silent for ", timeout.count(), " ms"));
  }
  return why.Wrap(StrCat(action, ' ', url_.HostField()));
}

Status Client::Connect() {
  const bool v6 = url_.host.find(':') != std::string::npos;
  const std::string address = StrCat(v6 ? "[" : "", url_.host, v6 ? "]:" : ":", url_.port);
  auto connection = transport_.Dial(address, transport_.clock().Now() + options_.connect_timeout,
                                    stop_.get_token());
  if (!connection.ok()) {
    return Failed(connection.status(), "cannot connect to", options_.connect_timeout);
  }
  connection_ = *std::move(connection);
  return {};
}

Status Client::SendAll(std::string_view bytes) {
  std::span<const std::byte> left = std::as_bytes(std::span(bytes));
  while (!left.empty()) {
    const auto n = connection_->WriteSome(left, transport_.clock().Now() + options_.quiet_timeout);
    if (!n.ok()) return Failed(n.status(), "sending to", options_.quiet_timeout);
    left = left.subspan(*n);
  }
  return {};
}

Result<size_t> Client::ReadSome(std::span<std::byte> buffer) {
  auto n = connection_->ReadSome(buffer, transport_.clock().Now() + options_.quiet_timeout);
  if (!n.ok()) return Failed(n.status(), "reading from", options_.quiet_timeout);
  return n;
}

Result<ClientResponse> Client::Exchange(const std::string& bytes, bool is_head_request,
                                        const BodySink& sink, bool* any_byte) {
  // A server may answer and close before it has read everything (413): read that answer.
  const Status sent = SendAll(bytes);
  if (sent.code() != StatusCode::kOk && sent.code() != StatusCode::kUnavailable) return sent;
  ResponseParser parser(is_head_request);
  ClientResponse response;
  std::string piece;
  std::array<std::byte, 16 << 10> buffer;
  while (parser.state() != ResponseParser::State::kComplete) {
    auto n = ReadSome(buffer);
    if (!n.ok()) return sent.ok() ? n.status() : sent;
    *any_byte = *any_byte || *n > 0;
    if (*n == 0) parser.FeedEnd();
    for (std::string_view rest(reinterpret_cast<const char*>(buffer.data()), *n); !rest.empty();) {
      const size_t used = parser.Feed(rest, piece);
      if (used == 0) break;
      rest.remove_prefix(used);
    }
    if (parser.state() == ResponseParser::State::kMalformed) {
      if (*n == 0) {
        return Status(StatusCode::kUnavailable,
                      StrCat(url_.HostField(), " closed before its answer was complete"));
      }
      return Corruption(StrCat(url_.HostField(), " does not answer in HTTP"));
    }
    const bool to_sink = sink && parser.head().status / 100 == 2;
    if (to_sink && !piece.empty()) {
      if (!sink(piece)) return Status(StatusCode::kCancelled, "the reader wants no more");
    } else if (response.body.size() + piece.size() > options_.body_bytes_max) {
      return Status(StatusCode::kExhausted,
                    StrCat("the answer is longer than ", options_.body_bytes_max, " bytes"));
    } else {
      response.body.append(piece);
    }
    piece.clear();
  }
  response.status = parser.head().status;
  response.headers = std::move(parser.head().headers);
  if (!parser.keep_alive() || !sent.ok()) Disconnect();
  return response;
}

Result<ClientResponse> Client::Send(const ClientRequest& request, const BodySink& sink) {
  const std::string bytes = FormatRequest(url_, request);
  while (true) {
    const bool reused = connection_ != nullptr;
    if (!reused) PANO_RETURN_IF_ERROR(Connect());
    bool any_byte = false;
    auto response = Exchange(bytes, request.method == "HEAD", sink, &any_byte);
    if (response.ok()) return response;
    Disconnect();
    // A kept connection that the server has closed meanwhile: once more on a fresh one.
    const bool stale = reused && !any_byte && response.status().code() == StatusCode::kUnavailable;
    if (!stale) return response;
  }
}

}  // namespace pano::http
