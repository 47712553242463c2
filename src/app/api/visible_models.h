#pragma once

#include <string>
#include <vector>

#include "app/api/context.h"

namespace pano::api {

// A model as lists have it. A value.
struct VisibleModel {
  std::string id;
  models::ModelVersionPtr version;            // the highest that is loaded; null: none is
  std::vector<models::VersionStatus> states;  // of those that come and go; empty: it is loaded as long as the server runs
};

// What the caller may see, loaded or not, by id.
std::vector<VisibleModel> VisibleModels(const Context& context, const Call& call);

}  // namespace pano::api
