#pragma once

#include <string>

#include "base/status.h"

namespace pano {

// A call that ended without an answer, as its caller can decide with it: PermissionDenied with the reason
// "certificate", Deadline, InvalidArgument (the URL), Exhausted with the reason "memory", else Unavailable.
// `code` is a CURLcode, `detail` the text of CURLOPT_ERRORBUFFER ("" where there is none). The message
// begins with the URL without its secrets.
Status ConnectionFailure(int code, const std::string& url, const char* detail);

}  // namespace pano
