#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/auth/bearer/issuer_settings.h"
#include "base/env.h"
#include "base/result.h"

namespace pano::bearer {

// What --auth FILE.yaml says; docs/auth.md has its format. A value.
struct AuthFile {
  static constexpr size_t kBytesMax = 1 << 20;
  static constexpr size_t kIssuersMax = 32;

  std::vector<IssuerSettings> issuers;
  std::string keys;  // the file with API keys, as written; "" = none
};

// InvalidArgument names the place that is wrong, in its field too ("issuers[0].audience"): nothing is guessed, a
// key that is not known is refused.
Result<AuthFile> ParseAuthFile(std::string_view yaml);
// The same of the file at `path`, whose name stands in front of a failure; `keys` becomes relative to its folder.
Result<AuthFile> ParseAuthFile(std::string_view yaml, const std::string& path);
Result<AuthFile> ReadAuthFile(const std::string& path, Env& env = Env::Real());

}  // namespace pano::bearer
