#pragma once

namespace pano::grpc {

// Bytes that are no message are answered; libprotobuf does not also write to standard error about them.
// From any thread.
void KeepProtobufQuiet();

}  // namespace pano::grpc
