#pragma once

#include <vector>

#include "app/api/route.h"

namespace pano::api {

// Every route that is served, with its policy.
std::vector<Route> AllRoutes();

}  // namespace pano::api
