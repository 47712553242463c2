#include "app/api/policy/deadline.h"

#include <gtest/gtest.h>

namespace pano::api {
namespace {

TEST(GrpcTimeout, HasDigitsAndAUnit) {
  const std::pair<const char*, Duration> rows[] = {
      {"1H", std::chrono::hours(1)},          {"2M", std::chrono::minutes(2)},
      {"30S", std::chrono::seconds(30)},      {"100m", std::chrono::milliseconds(100)},
      {"5u", std::chrono::microseconds(5)},   {"99999999n", std::chrono::nanoseconds(99999999)},
      {"0S", Duration::zero()},               {"99999999H", std::chrono::hours(24 * 365)}};
  for (const auto& [text, duration] : rows) {
    ASSERT_TRUE(ParseGrpcTimeout(text).ok()) << text;
    EXPECT_EQ(*ParseGrpcTimeout(text), duration) << text;
  }
  for (const char* bad : {"", "1", "S", "1s", "1h", "-1S", "+1S", "1.5S", " 1S", "1S ", "1 S", "123456789S",
                          "1SS", "0x1S", "١S"}) {
    const auto parsed = ParseGrpcTimeout(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().field(), "grpc-timeout");
  }
}

std::optional<Duration> Read(std::string_view header, std::string_view body) {
  return ReadDeadline(header, json::Parse(body).value()).value();
}

TEST(ReadDeadline, IsTheLeastOfWhatIsSaid) {
  using std::chrono::milliseconds;
  EXPECT_EQ(Read("", "{}"), std::nullopt);
  EXPECT_EQ(Read("", R"({"deadline_ms": null})"), std::nullopt);
  EXPECT_EQ(Read("", R"({"deadline_ms": 250})"), milliseconds(250));
  EXPECT_EQ(Read("", R"({"parameters": {"deadline_ms": 50}, "deadline_ms": 250})"), milliseconds(50));
  EXPECT_EQ(Read("1S", R"({"deadline_ms": 2000})"), milliseconds(1000));
  EXPECT_EQ(Read("5S", R"({"deadline_ms": 2000.0})"), milliseconds(2000));
  for (const char* bad : {"0", "-1", "1.5", "\"10\"", "true", "[1]", "86400001", "1e300"}) {
    const auto read =
        ReadDeadline("", json::Parse(std::string("{\"deadline_ms\": ") + bad + "}").value());
    ASSERT_FALSE(read.ok()) << bad;
    EXPECT_EQ(read.error().field(), "deadline_ms");
  }
}

}  // namespace
}  // namespace pano::api
