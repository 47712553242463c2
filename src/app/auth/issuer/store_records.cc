#include "app/auth/issuer/store_records.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::issuer {

Status CheckId(std::string_view what, std::string_view id) {
  const bool plain = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '@';
  });
  if (!id.empty() && id.size() <= 64 && plain) return {};
  return InvalidArgument(StrCat("the id of a ", what, " is 1 to 64 letters, digits, '.', '_', '-' or '@', not '",
                                Printable(id), "'"))
      .WithField("id");
}

}  // namespace pano::issuer
