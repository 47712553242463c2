#pragma once

#include <string_view>

#include "app/api/failure.h"
#include "app/http/http.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api {

class Call;

// A kind of request bodies that are not one JSON document. Constant; functions are called from any
// thread.
struct BodyFormat {
  std::string_view content_type;  // for /openapi.json
  // Whether a request with this head may have such a body; 415 says what it has to say.
  Failure (*check)(const http::Request& head);
  // Takes the body of the call's exchange. What the core looks at goes into `body` as JSON members
  // ("model", "parameters"), or into `path_params`; the rest into `parsed`.
  Status (*read)(Call& call, const json::ParseOptions& options);
};

// A JSON document, less a byte order mark. InvalidArgument, "invalid_json"; Unavailable without memory.
Status ParseJsonBody(std::string_view text, const json::ParseOptions& options, json::Value& body);

}  // namespace pano::api
