#include "app/telemetry/process_metrics.h"

#include <gtest/gtest.h>

#include "app/telemetry/metrics.h"
#include "base/clock.h"
#include "base/strings.h"

namespace pano::telemetry {
namespace {

TEST(ProcessMetrics, ReadsWhatTheKernelWrites) {
  // Fields 1 to 24 of a real line, with a name that was chosen to confuse.
  const std::string line =
      "4242 (a) b (c d) S 1 4242 4242 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 7 0 12300 104857600 256";
  auto stats = ParseProcStat(line, 100, 4096, 1000);
  ASSERT_TRUE(stats);
  EXPECT_DOUBLE_EQ(stats->cpu_seconds, 3);
  EXPECT_DOUBLE_EQ(stats->start_seconds, 1123);
  EXPECT_EQ(stats->virtual_bytes, 104857600);
  EXPECT_EQ(stats->resident_bytes, 1048576);
  EXPECT_EQ(stats->threads, 7);
  for (const std::string& bad : {std::string(), std::string("1 (x"), std::string("1 (x) S 1 2"),
                                 line.substr(0, line.size() - 4), line + "x"}) {
    EXPECT_FALSE(ParseProcStat(bad, 100, 4096, 0)) << bad;
  }
}

// The value of a series without labels in Prometheus' text.
double ValueOf(const std::string& text, std::string_view name) {
  const size_t at = text.find(StrCat("\n", name, " "));
  if (at == std::string::npos) return -1;
  const size_t begin = at + name.size() + 2;
  return ParseDouble(text.substr(begin, text.find('\n', begin) - begin)).value_or(-1);
}

TEST(ProcessMetrics, StandBesideTheRest) {
  Metrics metrics({"1", "c", "isa"});
  std::string text = metrics.Text();
  EXPECT_GT(ValueOf(text, "process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(ValueOf(text, "process_virtual_memory_bytes"),
            ValueOf(text, "process_resident_memory_bytes"));
  EXPECT_GE(ValueOf(text, "process_open_fds"), 3);
  EXPECT_GT(ValueOf(text, "process_max_fds"), 3);
  EXPECT_GE(ValueOf(text, "process_threads"), 1);
  const double now = static_cast<double>(Clock::Real().UnixSeconds());
  EXPECT_LE(ValueOf(text, "process_start_time_seconds"), now + 1);
  EXPECT_GT(ValueOf(text, "process_start_time_seconds"), now - 86'400);
  const double before = ValueOf(text, "process_cpu_seconds_total");
  EXPECT_GE(before, 0);
  EXPECT_GE(ValueOf(metrics.Text(), "process_cpu_seconds_total"), before);
}

}  // namespace
}  // namespace pano::telemetry
