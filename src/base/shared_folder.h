#pragma once

#include <string>
#include <string_view>

namespace pano {

// Where reference data and training text are looked for: PANO_SHARED, else the folder `shared`
// beside the checkout at `source_folder`. It need not exist.
std::string SharedFolder(std::string_view source_folder);

}  // namespace pano
