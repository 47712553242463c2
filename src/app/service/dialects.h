#pragma once

#include <vector>

#include "app/api/dialect.h"

namespace pano::service {

// Every dialect that a server speaks, in the order of its document: to add one, add its line.
std::vector<api::Dialect> AllDialects();

}  // namespace pano::service
