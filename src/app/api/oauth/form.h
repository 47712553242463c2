#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/route.h"
#include "base/result.h"

namespace pano::api::oauth {

// The fields of a form or a query. A value.
class Form {
 public:
  static constexpr size_t kBytesMax = Route::kFormBytesMax;
  static constexpr size_t kFieldsMax = 64;

  // Of application/x-www-form-urlencoded. InvalidArgument for more bytes or fields than there may be, for
  // ill-formed escapes, text that is no UTF-8, and a name that comes twice (RFC 6749, 3.1 and 3.2).
  static Result<Form> Parse(std::string_view text);
  // The same checks of a query that is decoded already.
  static Result<Form> FromQuery(const std::vector<std::pair<std::string, std::string>>& query);

  // "" when it is absent; one without a value counts as absent (RFC 6749, 3.1).
  const std::string& Get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  Status Add(std::string name, std::string value);
  std::vector<std::pair<std::string, std::string>> fields_;
};

// `text` inside HTML, also inside an attribute's quotes.
std::string EscapeHtml(std::string_view text);
// Basic credentials (RFC 7617), whose parts are form-encoded as RFC 6749, 2.3.1 has it. InvalidArgument when
// the header has the scheme and is not well formed.
struct BasicCredentials {
  bool shown = false;
  std::string id;
  std::string secret;
};
Result<BasicCredentials> ParseBasic(std::string_view authorization);

}  // namespace pano::api::oauth
