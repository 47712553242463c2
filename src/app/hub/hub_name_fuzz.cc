// Names of models as people write them, and fields of headers as a server writes them.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "app/hub/etag.h"
#include "app/hub/hub_client.h"
#include "app/hub/hub_url.h"
#include "app/hub/model_name.h"
#include "app/hub/repo_cache.h"
#include "app/hub/segment_fetch.h"
#include "base/check.h"
#include "base/curl/retry_after.h"
#include "base/curl/url.h"

namespace {

// Whatever a name says, its places stay below the cache.
void CheckInside(const std::string& path) {
  const std::string normal = std::filesystem::path(path).lexically_normal().string();
  PANO_CHECK(normal.starts_with("/cache/"));
  PANO_CHECK(normal.find("/../") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::hub;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const pano::Result<ModelName> name = ParseModelName(text);
  if (name.ok()) {
    const pano::Result<ModelName> again = ParseModelName(name->Text());
    PANO_CHECK(again.ok() && again->Text() == name->Text());
    const RepoCache cache("/cache", name->repo);
    CheckInside(cache.folder() + "/x");
    CheckInside(cache.RefPath(name->revision));
    if (!name->selector.empty()) CheckInside(cache.SnapshotFolder("c") + "/" + name->selector);
    PANO_CHECK(RepoOfFolder(cache.folder().substr(7)) == name->repo);
    PANO_CHECK(pano::OriginOf(ListingUrl("https://hub.example", name->repo, name->revision))->host == "hub.example");
  }
  const std::string etag = NormalizeEtag(text);
  if (KindOfEtag(etag) != EtagKind::kUnknown) CheckInside("/cache/models--a/blobs/" + etag);
  if (const auto range = ParseContentRange(text)) PANO_CHECK(range->first <= INT64_MAX && range->last <= INT64_MAX);
  if (const auto seconds = pano::ParseRetryAfter(text, 1'700'000'000)) PANO_CHECK(*seconds >= 0);
  const pano::Result<std::string> location = pano::ResolveLocation("https://hub.example/a/b", text);
  if (location.ok()) PANO_CHECK(pano::OriginOf(*location)->scheme == "https");
  (void)pano::ShownUrl(text);
  return 0;
}
