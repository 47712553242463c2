#include "app/hub/hub_url.h"

#include <gtest/gtest.h>

namespace pano::hub {
namespace {

TEST(HubUrls, EncodeNames) {
  EXPECT_EQ(ListingUrl("https://h", "org/name", "refs/pr/1"),
            "https://h/api/models/org/name/revision/refs%2Fpr%2F1?blobs=true");
  EXPECT_EQ(FileUrl("https://h", "org/name", "main", "a b/ü?#%.gguf"),
            "https://h/org/name/resolve/main/a%20b/%C3%BC%3F%23%25.gguf");
}

}  // namespace
}  // namespace pano::hub
