#include "base/transport_address.h"

#include <algorithm>

#include "base/strings.h"

namespace pano {
namespace {

constexpr std::string_view kUnix = "unix:";

Result<uint16_t> ParsePort(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 5 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const auto port = digits ? ParseInt(text) : std::nullopt;
  if (!port || *port > 65535) return InvalidArgument("no port");
  return static_cast<uint16_t>(*port);
}

}  // namespace

std::string TransportAddress::ToString() const {
  if (is_unix()) return StrCat(kUnix, path);
  // What would read as something else stands in brackets, as v6 addresses do.
  const bool brackets = host.find(':') != std::string::npos || host == "unix";
  return brackets ? StrCat('[', host, "]:", port) : StrCat(host, ':', port);
}

Result<TransportAddress> ParseTransportAddress(std::string_view text) {
  TransportAddress address;
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty() || path.size() > TransportAddress::kPathBytesMax ||
        path.find('\0') != std::string_view::npos) {
      return InvalidArgument(StrCat("a socket's path has 1 to ", TransportAddress::kPathBytesMax,
                                    " bytes: '", Printable(path), "'"));
    }
    address.path = path;
    return address;
  }
  const size_t colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? Result<uint16_t>(InvalidArgument("no port"))
                                                    : ParsePort(text.substr(colon + 1));
  if (!port.ok()) return InvalidArgument(StrCat("'", Printable(text), "' is no host:port"));
  address.port = *port;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) return InvalidArgument(StrCat("'", Printable(text), "' names no host"));
  if (host.size() > TransportAddress::kHostBytesMax || host.find('\0') != std::string_view::npos ||
      host.find_first_of("[]") != std::string_view::npos) {
    return InvalidArgument(StrCat("'", Printable(text), "' is no host:port"));
  }
  address.host = host;
  return address;
}

}  // namespace pano
