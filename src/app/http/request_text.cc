#include "app/http/request_text.h"

#include "base/strings.h"

namespace pano::http {

std::string FormatRequest(const Url& url, const ClientRequest& request) {
  std::string out = StrCat(request.method, ' ', url.path, request.target,
                           " HTTP/1.1\r\nHost: ", url.HostField(), "\r\n");
  for (const auto& [name, value] : request.headers) out.append(StrCat(name, ": ", value, "\r\n"));
  if (!request.body.empty() || request.method == "POST") {
    out.append(StrCat("Content-Length: ", request.body.size(), "\r\n"));
  }
  return out.append("\r\n").append(request.body);
}

}  // namespace pano::http
