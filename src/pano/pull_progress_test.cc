#include "pano/pull_progress.h"

#include <gtest/gtest.h>

namespace pano::cli {
namespace {

using std::chrono::seconds;

TEST(RateMeter, IsOfTheLastSeconds) {
  RateMeter rate;
  EXPECT_EQ(rate.bytes_per_second(), 0);
  TimePoint now{};
  rate.Add(now, 1'000'000);  // what was there at the start does not count
  EXPECT_EQ(rate.bytes_per_second(), 0);
  rate.Add(now += seconds(1), 1'000'100);
  EXPECT_EQ(rate.bytes_per_second(), 100);
  for (int i = 0; i < 20; ++i) rate.Add(now += seconds(1), 1'000'100 + static_cast<uint64_t>(i) * 500);
  EXPECT_EQ(rate.bytes_per_second(), 500);
  rate.Add(now += seconds(1), 0);  // begun anew
  EXPECT_EQ(rate.bytes_per_second(), 0);
}

TEST(Shown, BytesAndSeconds) {
  EXPECT_EQ(ShownBytes(0), "0 B");
  EXPECT_EQ(ShownBytes(999), "999 B");
  EXPECT_EQ(ShownBytes(1000), "1.0 kB");
  EXPECT_EQ(ShownBytes(123'456'789), "123 MB");
  EXPECT_EQ(ShownBytes(4'950'000'000), "5.0 GB");
  EXPECT_EQ(ShownBytes(999'950), "1.0 MB");
  EXPECT_EQ(ShownSeconds(0.2), "1 s");
  EXPECT_EQ(ShownSeconds(200), "3 min 20 s");
  EXPECT_EQ(ShownSeconds(7500), "2 h 5 min");
  EXPECT_EQ(ShownSeconds(1e300), "277777 h 46 min");
}

}  // namespace
}  // namespace pano::cli
