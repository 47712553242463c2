#include "app/api/native/page.h"

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/strings.h"

namespace pano::api::native {

// Made from page/index.html by the build.
extern const unsigned char kPageHtml[];
extern const unsigned long kPageHtmlSize;

void Page(Context&, CallPtr call) {
  constexpr std::string_view kMark = "PAGE_NONCE";
  // Only what carries this answer's number runs or styles: the policy has no 'unsafe-inline'.
  std::string nonce = RandomHex(16);
  std::string_view source(reinterpret_cast<const char*>(kPageHtml), kPageHtmlSize);
  std::string html;
  while (true) {
    size_t at = source.find(kMark);
    html.append(source.substr(0, at));
    if (at == std::string_view::npos) break;
    html.append(nonce);
    source.remove_prefix(at + kMark.size());
  }
  http::Response response;
  response.headers = {
      {"Content-Type", "text/html; charset=utf-8"},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "no-referrer"},
      {"Content-Security-Policy",
       StrCat("default-src 'none'; script-src 'nonce-", nonce, "'; style-src 'nonce-", nonce,
              "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'none'")},
  };
  response.body = std::move(html);
  call->Respond(std::move(response));
}

}  // namespace pano::api::native
