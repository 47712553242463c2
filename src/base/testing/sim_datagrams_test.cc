#include "base/testing/sim_datagrams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/strings.h"
#include "base/testing/sim_network.h"
#include "base/testing/virtual_time.h"

namespace pano {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What host b receives of `count` datagrams "0", "1", ... that a sends, one a millisecond.
std::vector<int> Received(SimNetwork& network, ManualClock& clock, int count) {
  const auto to = *network.Host("b").OpenDatagrams("b:9");
  const auto from = *network.Host("a").OpenDatagrams("a:0");
  std::vector<int> received;
  RunInVirtualTime(
      clock, {[&] {
                for (int i = 0; i < count; ++i) {
                  const std::string text = std::to_string(i);
                  EXPECT_TRUE(from->SendTo("b:9", std::as_bytes(std::span(text))).ok());
                  clock.SleepFor(milliseconds(1));
                }
              },
              [&] {
                std::byte buffer[16];
                while (true) {
                  const auto one = to->ReceiveFrom(buffer, clock.Now() + seconds(10));
                  if (!one.ok()) {
                    EXPECT_EQ(one.error().code(), StatusCode::kDeadline);
                    return;
                  }
                  EXPECT_EQ(one->from, from->address());
                  const std::string text(reinterpret_cast<const char*>(buffer), one->bytes);
                  received.push_back(static_cast<int>(*ParseInt(text)));
                }
              }});
  return received;
}

std::vector<int> ReceivedWith(uint64_t seed, LinkOptions link, int count) {
  ManualClock clock;
  SimNetwork network(seed, clock, link);
  return Received(network, clock, count);
}

TEST(SimDatagrams, AllComeInOrderOverAQuietLink) {
  std::vector<int> want(50);
  for (int i = 0; i < 50; ++i) want[static_cast<size_t>(i)] = i;
  EXPECT_EQ(ReceivedWith(1, {.latency_max = milliseconds(1)}, 50), want);
}

TEST(SimDatagrams, AreLostAsOftenAsAsked) {
  const size_t received = ReceivedWith(2, {.datagram_loss = 0.25}, 1000).size();
  // 250 of 1000, give or take four standard deviations.
  EXPECT_GT(received, 750u - 55);
  EXPECT_LT(received, 750u + 55);
  EXPECT_TRUE(ReceivedWith(2, {.datagram_loss = 1}, 20).empty());
}

TEST(SimDatagrams, ComeTwiceAsOftenAsAsked) {
  std::vector<int> received = ReceivedWith(3, {.datagram_duplication = 0.25}, 1000);
  EXPECT_GT(received.size(), 1250u - 55);
  EXPECT_LT(received.size(), 1250u + 55);
  std::ranges::sort(received);
  received.erase(std::unique(received.begin(), received.end()), received.end());
  EXPECT_EQ(received.size(), 1000u);  // each came at least once
}

TEST(SimDatagrams, OvertakeEachOther) {
  const std::vector<int> received = ReceivedWith(4, {.latency_max = milliseconds(20)}, 200);
  EXPECT_EQ(received.size(), 200u);
  EXPECT_FALSE(std::ranges::is_sorted(received));
}

TEST(SimDatagrams, ARunRepeatsExactlyWithItsSeed) {
  const LinkOptions link{.latency_max = milliseconds(9),
                         .datagram_loss = 0.2,
                         .datagram_duplication = 0.2};
  const auto trace = [&](uint64_t seed) {
    ManualClock clock;
    SimNetwork network(seed, clock, link);
    Received(network, clock, 100);
    return network.Trace();
  };
  const std::vector<std::string> first = trace(7);
  EXPECT_GT(first.size(), 80u);
  for (int run = 0; run < 10; ++run) ASSERT_EQ(trace(7), first);
  EXPECT_NE(trace(8), first);
}

TEST(SimDatagrams, ASlowReceiverLosesWhatDoesNotFit) {
  ManualClock clock;
  SimNetwork network(5, clock, {.buffer_bytes = 1000});
  const auto to = *network.Host("b").OpenDatagrams("b:9");
  const auto from = *network.Host("a").OpenDatagrams("a:0");
  const std::string text(400, 'x');
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(from->SendTo("b:9", std::as_bytes(std::span(text))).ok());
  }
  clock.Advance(seconds(1));
  std::byte buffer[100];
  for (int i = 0; i < 2; ++i) {
    // The whole size is told, and the buffer holds its first part.
    EXPECT_EQ(to->ReceiveFrom(buffer, clock.Now())->bytes, 400u);
  }
  EXPECT_EQ(to->ReceiveFrom(buffer, clock.Now()).status().code(), StatusCode::kDeadline);
}

TEST(SimDatagrams, APartitionLosesWhatIsSent) {
  ManualClock clock;
  SimNetwork network(6, clock);
  const auto to = *network.Host("b").OpenDatagrams("b:9");
  const auto from = *network.Host("a").OpenDatagrams("a:0");
  const auto send = [&] {
    const std::string text = "x";
    EXPECT_TRUE(from->SendTo("b:9", std::as_bytes(std::span(text))).ok());
    clock.Advance(seconds(1));
    std::byte buffer[8];
    return to->ReceiveFrom(buffer, clock.Now()).ok();
  };
  EXPECT_TRUE(send());
  network.Partition("a", "b");
  EXPECT_FALSE(send());
  network.Heal("a", "b");
  EXPECT_TRUE(send());
}

}  // namespace
}  // namespace pano
