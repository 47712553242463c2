#include "app/auth/principal.h"

#include <algorithm>

#include "base/utf8.h"

namespace pano::auth {

bool IsTenantName(std::string_view text) {
  return !text.empty() && text.size() <= 128 && Utf8Valid(text) &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

}  // namespace pano::auth
