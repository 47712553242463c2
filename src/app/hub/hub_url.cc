#include "app/hub/hub_url.h"

#include "base/percent_encoding.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

std::string Path(std::string_view names) { return PercentEncode(names, Slashes::kKept); }
std::string Segment(std::string_view name) { return PercentEncode(name, Slashes::kEncoded); }

}  // namespace

std::string ListingUrl(std::string_view endpoint, std::string_view repo, std::string_view revision) {
  return StrCat(endpoint, "/api/models/", Path(repo), "/revision/", Segment(revision), "?blobs=true");
}

std::string FileUrl(std::string_view endpoint, std::string_view repo, std::string_view revision,
                    std::string_view path) {
  return StrCat(endpoint, "/", Path(repo), "/resolve/", Segment(revision), "/", Path(path));
}

}  // namespace pano::hub
