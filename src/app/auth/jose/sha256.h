#pragma once

#include <string>
#include <string_view>

namespace pano::jose {

// The 32 bytes of SHA-256.
std::string Sha256(std::string_view bytes);

}  // namespace pano::jose
