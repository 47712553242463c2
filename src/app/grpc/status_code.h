#pragma once

#include <string>
#include <string_view>

namespace pano::grpc {

// gRPC's code (RFC-like list of its documents) for an HTTP status of ours: 404 -> 5, NOT_FOUND.
int StatusCodeOf(int http_status);

// The words of an answer's error, in whichever of our shapes its JSON is; cut to what a header may hold.
std::string ErrorMessageOf(std::string_view body);

}  // namespace pano::grpc
