#include "app/api/policy/access.h"

namespace pano::api {

std::string PolicyName(const Access& access) {
  switch (access.kind) {
    case Access::Kind::kUnset:
      return "";
    case Access::Kind::kOpen:
      return "open";
    case Access::Kind::kCaller:
      return "caller";
    case Access::Kind::kModel:
      return auth::ModelScope(access.place == Access::Place::kPath ? "{id}" : "{model}",
                              access.permission);
    case Access::Kind::kMetrics:
      return "metrics:read";
    case Access::Kind::kAdmin:
      return "admin";
  }
  return "";
}

}  // namespace pano::api
