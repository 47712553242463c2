#include "app/api/oauth/form.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/auth/jose/base64url.h"
#include "app/http/message/target.h"
#include "base/strings.h"

namespace pano::api::oauth {

Status Form::Add(std::string name, std::string value) {
  if (fields_.size() >= kFieldsMax) return InvalidArgument(StrCat("the form has more than ", kFieldsMax, " fields"));
  const bool twice = std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) { return field.first == name; });
  if (twice) return InvalidArgument(StrCat("the field '", Printable(name), "' is there twice"));
  fields_.emplace_back(std::move(name), std::move(value));
  return {};
}

Result<Form> Form::Parse(std::string_view text) {
  if (text.size() > kBytesMax) return InvalidArgument(StrCat("the form has more than ", kBytesMax, " bytes"));
  Form form;
  for (std::string_view field : Split(text, '&')) {
    if (field.empty()) continue;
    const size_t equals = std::min(field.find('='), field.size());
    Result<std::string> name = http::PercentDecode(field.substr(0, equals), true);
    Result<std::string> value = http::PercentDecode(field.substr(std::min(equals + 1, field.size())), true);
    if (!name.ok() || !value.ok()) {
      return InvalidArgument("the form holds '%' without two hex digits, NUL, or text that is no UTF-8");
    }
    PANO_RETURN_IF_ERROR(form.Add(*std::move(name), *std::move(value)));
  }
  return form;
}

Result<Form> Form::FromQuery(const std::vector<std::pair<std::string, std::string>>& query) {
  Form form;
  for (const auto& [name, value] : query) PANO_RETURN_IF_ERROR(form.Add(name, value));
  return form;
}

const std::string& Form::Get(std::string_view name) const {
  static const std::string kAbsent;
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return kAbsent;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

Result<BasicCredentials> ParseBasic(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  BasicCredentials credentials;
  if (ToLower(authorization.substr(0, kScheme.size())) != kScheme) return credentials;
  credentials.shown = true;
  const Status wrong = InvalidArgument("the Basic credentials are not well formed");
  std::string text(Trim(authorization.substr(kScheme.size())));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;   // base64 as base64url
  const std::optional<std::string> decoded = jose::DecodeBase64Url(text);
  if (!decoded) return wrong;
  const size_t colon = decoded->find(':');
  if (colon == std::string::npos) return wrong;
  Result<std::string> id = http::PercentDecode(std::string_view(*decoded).substr(0, colon), true);
  Result<std::string> secret = http::PercentDecode(std::string_view(*decoded).substr(colon + 1), true);
  if (!id.ok() || !secret.ok()) return wrong;
  credentials.id = *std::move(id);
  credentials.secret = *std::move(secret);
  return credentials;
}

}  // namespace pano::api::oauth
