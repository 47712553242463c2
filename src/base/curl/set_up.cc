#include "base/curl/set_up.h"

#include "base/check.h"
#include "base/curl/library.h"

namespace pano {

void SetUpCurl() { PANO_CHECK(CurlLibrary::Load().ok()); }

}  // namespace pano
