#pragma once

#include <string>
#include <string_view>

namespace pano::hub {

// Of the hub's HTTP interface. REQUIRES: names as ParseModelName checks them.
std::string ListingUrl(std::string_view endpoint, std::string_view repo, std::string_view revision);
std::string FileUrl(std::string_view endpoint, std::string_view repo, std::string_view revision,
                    std::string_view path);

}  // namespace pano::hub
