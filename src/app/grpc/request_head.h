#pragma once

#include "app/http/http.h"

namespace grpc {
class GenericCallbackServerContext;
}

namespace pano::grpc {

// A call's metadata as a request without a body: POST, the method's path, `authorization` and its like as
// headers, Host (its authority), the time that is left as grpc-timeout, the peer and its certificate.
http::Request MakeHead(const ::grpc::GenericCallbackServerContext& context);

}  // namespace pano::grpc
