#pragma once

#include <string>
#include <string_view>

#include "app/auth/principal.h"
#include "base/result.h"

namespace pano::batches {

// A principal as JSON, to be kept with what it asked for, and back. It holds no secret. Corruption for
// what is none.
std::string PrincipalText(const auth::Principal& principal);
Result<auth::Principal> ParsePrincipal(std::string_view text);

}  // namespace pano::batches
