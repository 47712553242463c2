#pragma once

namespace pano {

// libcurl's global state, made once by whoever comes first. Every client calls it before its first handle.
// Thread-safe.
void SetUpCurl();

}  // namespace pano
