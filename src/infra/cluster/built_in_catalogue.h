#pragma once

namespace pano::cluster {

// The text of infra/planner/catalogue.yaml, which the build makes a constant of.
extern const char kBuiltInCatalogue[];

}  // namespace pano::cluster
