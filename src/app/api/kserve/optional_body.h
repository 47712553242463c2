#pragma once

#include "app/api/body_format.h"

namespace pano::api::kserve {

// A JSON object, or nothing, which stands for one without members; clients of this protocol leave the
// content type out. A browser's page can send such a request as little as a JSON one: it cannot help
// sending its Origin, which is checked where no key is asked for.
extern const BodyFormat kOptionalBody;

// Whether the head says JSON, binary data or nothing.
Failure CheckContentType(const http::Request& head);

}  // namespace pano::api::kserve
