#pragma once

#include <string_view>

#include "base/status.h"

namespace pano::grpc {

// Whether a ModelInferRequest's bytes are well-formed as far as they nest, and how much they would take in
// memory is in proportion: an empty message costs two bytes on the wire and more than a hundred as an
// object, a small number one byte and eight. InvalidArgument says what is too many. Looks at each byte
// once, and spends no memory.
Status CheckInferWire(std::string_view message);

}  // namespace pano::grpc
