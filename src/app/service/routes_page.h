#pragma once

#include <string>

namespace pano::service {

// Every route of every dialect, one a line: method, path and policy, as `pano serve --routes` prints
// them: "POST /v1/models/{id}/predict models:{id}:predict".
std::string RouteLines();

// docs/routes.md: the same as a page.
std::string RoutesPage();

}  // namespace pano::service
