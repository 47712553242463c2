// Forms, Basic credentials and what is read from them, as anybody can send them: whatever comes, it ends in a
// refusal or in fields that encode to a form with the same fields.
#include <cstdint>
#include <string>
#include <string_view>

#include "app/api/oauth/form.h"
#include "app/auth/issuer/redirect_uri.h"
#include "base/check.h"
#include "base/percent_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::api::oauth;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)ParseBasic(text);
  if (pano::issuer::CheckRedirectUri(text).ok()) {
    PANO_CHECK(pano::issuer::RedirectUriMatches(text, text));
    PANO_CHECK(pano::issuer::RedirectSource(text).find_first_of(" ;,'\"\r\n") == std::string::npos);
  }
  const pano::Result<Form> form = Form::Parse(text);
  if (!form.ok()) return 0;
  PANO_CHECK(form->fields().size() <= Form::kFieldsMax);
  std::string again;
  for (const auto& [name, value] : form->fields()) {
    again += pano::PercentEncode(name) + "=" + pano::PercentEncode(value) + "&";
    PANO_CHECK(EscapeHtml(value).find_first_of("<>\"'") == std::string::npos);
  }
  if (again.size() > Form::kBytesMax) return 0;
  const pano::Result<Form> same = Form::Parse(again);
  PANO_CHECK(same.ok() && same->fields() == form->fields());
  return 0;
}
