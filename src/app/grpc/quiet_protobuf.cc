#include "app/grpc/quiet_protobuf.h"

#include <google/protobuf/stubs/logging.h>

namespace pano::grpc {

void KeepProtobufQuiet() {
  [[maybe_unused]] static const auto before = google::protobuf::SetLogHandler(nullptr);
}

}  // namespace pano::grpc
