#include "app/streams/event_id.h"

#include <gtest/gtest.h>

#include <string>

namespace pano::streams {
namespace {

TEST(EventId, IsADecimalNumber) {
  EXPECT_EQ(*ParseLastEventId("0"), 0);
  EXPECT_EQ(*ParseLastEventId("1"), 1);
  EXPECT_EQ(*ParseLastEventId("120"), 120);
  EXPECT_EQ(*ParseLastEventId("999999999999999999"), 999999999999999999);
}

TEST(EventId, TheEmptyOneIsTheStart) { EXPECT_EQ(*ParseLastEventId(""), 0); }

TEST(EventId, NothingElseIs) {
  for (const char* bad : {"-1", "+1", " 1", "1 ", "01", "00", "1.0", "1e3", "x", "0x1", "1,2",
                          "9999999999999999999", "\xef\xbc\x91"}) {
    Result<EventId> id = ParseLastEventId(bad);
    ASSERT_FALSE(id.ok()) << bad;
    EXPECT_EQ(id.error().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(id.error().reason(), "invalid_last_event_id");
  }
  EXPECT_FALSE(ParseLastEventId(std::string(1, '\0')).ok());
  EXPECT_LT(ParseLastEventId(std::string(1 << 16, '9')).error().message().size(), 300u);
}

}  // namespace
}  // namespace pano::streams
