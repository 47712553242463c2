#pragma once

#include <cstdint>
#include <string>

#include "app/auth/scope.h"

namespace pano::api {

// Who may call a route: its policy, as its row in the table of routes states it. A value.
//   {"POST", "/v1/completions", Access::ModelInBody(auth::Permission::kPredict), ...
struct Access {
  enum class Kind : uint8_t {
    kUnset,    // not decided: the server does not start
    kOpen,     // everybody, without credentials
    kCaller,   // whoever shows valid credentials; what is shown depends on who it is
    kModel,    // whoever has `permission` for the model that the request names
    kMetrics,  // whoever has metrics:read
    kAdmin,    // whoever has admin
  };
  // Where a request of kModel says which model it is about.
  enum class Place : uint8_t {
    kPath,  // "{id}" of the pattern
    kBody,  // the member "model" of the JSON body; absent: the only model there is
  };

  static const Access kUnset, kOpen, kCaller, kMetrics, kAdmin;
  static constexpr Access ModelInPath(auth::Permission permission);
  static constexpr Access ModelInBody(auth::Permission permission);

  Kind kind = Kind::kUnset;
  auth::Permission permission = auth::Permission::kPredict;  // of kModel
  Place place = Place::kPath;                                // of kModel

  // Whether what is asked for is administration, whatever the method: such acts are written down before
  // they happen.
  bool administers() const {
    return kind == Kind::kAdmin || (kind == Kind::kModel && permission == auth::Permission::kManage);
  }

  bool operator==(const Access& other) const = default;
};

inline constexpr Access Access::kUnset{};
inline constexpr Access Access::kOpen{.kind = Kind::kOpen};
inline constexpr Access Access::kCaller{.kind = Kind::kCaller};
inline constexpr Access Access::kMetrics{.kind = Kind::kMetrics};
inline constexpr Access Access::kAdmin{.kind = Kind::kAdmin};

constexpr Access Access::ModelInPath(auth::Permission permission) {
  return {.kind = Kind::kModel, .permission = permission, .place = Place::kPath};
}
constexpr Access Access::ModelInBody(auth::Permission permission) {
  return {.kind = Kind::kModel, .permission = permission, .place = Place::kBody};
}

// The policy in one stable word for programs: "open", "caller", "models:{id}:predict" (of the path),
// "models:{model}:predict" (of the body), "metrics:read", "admin"; "" where it is not set.
std::string PolicyName(const Access& access);

}  // namespace pano::api
