#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/grpc/server.h"

namespace pano::grpc {

// KServe's v2 protocol over gRPC: routes with policies like any other's, which only the gRPC server leads to.
api::Dialect MakeDialect();

// Their paths, for that server.
std::vector<Service::Method> Methods();

}  // namespace pano::grpc
