#include "base/curl/set_up.h"

#include <curl/curl.h>

#include <mutex>

#include "base/check.h"

namespace pano {

void SetUpCurl() {
  static std::once_flag once;
  std::call_once(once, [] { PANO_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

}  // namespace pano
