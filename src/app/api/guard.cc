#include "app/api/guard.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "base/strings.h"

namespace pano::api {
namespace {

// "[::1]:8080" -> "::1", "localhost:8080" -> "localhost".
std::string_view HostName(std::string_view host) {
  if (host.starts_with('[')) {
    size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

Status Forbidden(std::string message) {
  return Status(StatusCode::kPermissionDenied, std::move(message));
}

// Whether `name` is an IPv4 or IPv6 address.
bool IsAddress(const std::string& name) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, name.c_str(), bytes) == 1 || inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

std::string OwnHostName() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return {};
  return ToLower(name);
}

// No Origin, or the one of the Host itself.
Status CheckOrigin(const http::Request& request, std::string_view host) {
  std::string_view origin = Trim(request.Header("Origin"));
  if (origin.empty()) return {};
  std::string own = ToLower(StrCat("http://", host));
  if (ToLower(origin) == own) return {};
  // The default port goes without saying in an Origin.
  if (own.ends_with(":80") && ToLower(origin) == own.substr(0, own.size() - 3)) return {};
  return Forbidden(StrCat("the Origin '", Printable(origin), "' is another site"));
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  std::string name = ToLower(host);
  if (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name == "::1" || name == "0:0:0:0:0:0:0:1") return true;
  // 127.0.0.0/8 as four numbers; "127.evil.example" is a name.
  std::vector<std::string_view> parts = Split(name, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (std::string_view part : parts) {
    std::optional<int64_t> number = ParseInt(part);
    if (!number || *number < 0 || *number > 255) return false;
  }
  return true;
}

Status CheckLoopbackCaller(const http::Request& request) {
  std::string_view host = Trim(request.Header("Host"));
  if (!IsLoopbackHost(HostName(host))) {
    return Forbidden(
        StrCat("the Host '", Printable(host), "' is not this machine's loopback address"));
  }
  return CheckOrigin(request, host);
}

Status CheckKeylessCaller(const http::Request& request) {
  std::string_view host = Trim(request.Header("Host"));
  std::string name = ToLower(HostName(host));
  if (name.ends_with('.')) name.pop_back();
  // A page's own name can be made to point here (DNS rebinding). An address, a name without a domain
  // and a name of the local link cannot be a page's.
  const bool local = IsAddress(name) || (!name.empty() && name.find('.') == std::string::npos) ||
                     name.ends_with(".local") || name == OwnHostName();
  if (!local) {
    return Forbidden(StrCat("the Host '", Printable(host),
                            "' is not this machine's address or name, and no key is asked for"));
  }
  return CheckOrigin(request, host);
}

Failure CheckJsonContentType(const http::Request& request) {
  std::string_view header = request.Header("Content-Type");
  std::string type = ToLower(Trim(header.substr(0, header.find(';'))));
  if (type == "application/json") return {};
  Status status = InvalidArgument(
      type.empty() ? "the Content-Type is missing: application/json is needed"
                   : StrCat("the Content-Type '", Printable(type), "' is not application/json"));
  return Failure(std::move(status).WithReason("unsupported_media_type"), 415);
}

}  // namespace pano::api
