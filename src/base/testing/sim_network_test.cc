#include "base/testing/sim_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "base/testing/virtual_time.h"

namespace pano {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kNoDeadline = TimePoint::max();

std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// Three hosts: two send to the third at once, which reads in turns and answers. Returns the trace.
std::vector<std::string> Exchange(uint64_t seed, LinkOptions link) {
  ManualClock clock;
  SimNetwork network(seed, clock, link);
  Transport& c = network.Host("c");
  const auto listener = *c.Listen("c:80");
  const auto sender = [&](const std::string& name, size_t bytes) {
    Transport& host = network.Host(name);
    return [&, bytes] {
      const auto connection = *host.Dial("c:80", kNoDeadline);
      EXPECT_TRUE(connection->WriteAll(Bytes(std::string(bytes, 'x')), kNoDeadline).ok());
      std::byte answer[2];
      EXPECT_TRUE(connection->ReadAll(answer, kNoDeadline).ok());
    };
  };
  RunInVirtualTime(clock, {[&] {
                             const auto first = *listener->Accept(kNoDeadline);
                             const auto second = *listener->Accept(kNoDeadline);
                             for (const auto& from : {&first, &second}) {
                               std::vector<std::byte> all(20'000);
                               EXPECT_TRUE((*from)->ReadAll(all, kNoDeadline).ok());
                               EXPECT_TRUE((*from)->WriteAll(Bytes("ok"), kNoDeadline).ok());
                             }
                           },
                           sender("a", 20'000), sender("b", 20'000)});
  return network.Trace();
}

TEST(SimNetworkTest, ARunRepeatsExactlyWithItsSeed) {
  const LinkOptions small{.buffer_bytes = 3'000};
  const std::vector<std::string> first = Exchange(7, small);
  EXPECT_GT(first.size(), 20u);
  for (int run = 0; run < 20; ++run) ASSERT_EQ(Exchange(7, small), first) << run;
  EXPECT_NE(Exchange(8, small), first);
}

// Which of two connections comes first is the seed's choice.
TEST(SimNetworkTest, ConnectionsOvertakeEachOther) {
  int a_first = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::string opened = Exchange(seed, {}).front();
    ASSERT_NE(opened.find(" open"), std::string::npos) << opened;
    a_first += opened.find(" a>c:80#0") != std::string::npos;
  }
  EXPECT_GT(a_first, 2);
  EXPECT_LT(a_first, 18);
}

// A cut at byte n lets exactly the n bytes before it through, and both ends learn of it.
TEST(SimNetworkTest, ACutFallsOnItsByte) {
  for (uint64_t cut = 0; cut <= 10; ++cut) {
    ManualClock clock;
    SimNetwork network(1, clock);
    network.SetLink("a", "b", {.segment_bytes = 4, .cut_at_byte = cut});
    Transport& a = network.Host("a");
    const auto listener = *network.Host("b").Listen("b:1");
    const bool whole = cut == 10;
    const auto reader = [&] {
      const auto connection = *listener->Accept(kNoDeadline);
      std::byte byte;
      uint64_t read = 0;
      auto n = connection->ReadSome({&byte, 1}, kNoDeadline);
      for (; n.ok() && *n == 1; n = connection->ReadSome({&byte, 1}, kNoDeadline)) ++read;
      EXPECT_EQ(n.ok(), whole) << cut;
      EXPECT_EQ(read, cut);
      EXPECT_EQ(connection->WriteSome(Bytes("x"), kNoDeadline).ok(), whole);
    };
    const auto writer = [&] {
      const auto connection = *a.Dial("b:1", kNoDeadline);
      EXPECT_TRUE(connection->WriteAll(Bytes("0123456789"), kNoDeadline).ok());
      if (whole) {
        EXPECT_TRUE(connection->CloseWrite().ok());
      }
      std::byte byte;
      const auto n = connection->ReadSome({&byte, 1}, kNoDeadline);
      EXPECT_EQ(n.status().code(), whole ? StatusCode::kOk : StatusCode::kUnavailable) << cut;
      EXPECT_FALSE(connection->WriteSome(Bytes("x"), kNoDeadline).ok());
    };
    RunInVirtualTime(clock, {reader, writer});
  }
}

TEST(SimNetworkTest, CutsComeAsOftenAsAsked) {
  int cut = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    ManualClock clock;
    SimNetwork network(seed, clock);
    network.SetLink("a", "b", {.segment_bytes = 100, .cut_probability = 0.1});
    Transport& a = network.Host("a");
    const auto listener = *network.Host("b").Listen("b:1");
    const auto reader = [&] {
      const auto connection = *listener->Accept(kNoDeadline);
      std::vector<std::byte> all(500);
      cut += !connection->ReadAll(all, kNoDeadline).ok();
    };
    const auto writer = [&] {
      const auto connection = *a.Dial("b:1", kNoDeadline);
      (void)connection->WriteAll(Bytes(std::string(500, 'x')), kNoDeadline);
    };
    RunInVirtualTime(clock, {reader, writer});
  }
  // 1 - 0.9^5 = 41 % of 200, give or take four standard deviations.
  EXPECT_GT(cut, 82 - 28);
  EXPECT_LT(cut, 82 + 28);
}

TEST(SimNetworkTest, BytesTakeTheirTime) {
  ManualClock clock;
  SimNetwork network(3, clock, {.latency_min = milliseconds(10), .latency_max = milliseconds(30)});
  Transport& a = network.Host("a");
  const auto listener = *network.Host("b").Listen("b:1");
  TimePoint sent;
  RunInVirtualTime(clock, {[&] {
                             const auto connection = *listener->Accept(kNoDeadline);
                             EXPECT_GE(clock.Now(), TimePoint{} + milliseconds(10));
                             EXPECT_LE(clock.Now(), TimePoint{} + milliseconds(30));
                             std::byte byte;
                             EXPECT_EQ(*connection->ReadSome({&byte, 1}, kNoDeadline), 1u);
                             EXPECT_GE(clock.Now(), sent + milliseconds(10));
                             EXPECT_LE(clock.Now(), sent + milliseconds(30));
                           },
                           [&] {
                             const auto connection = *a.Dial("b:1", kNoDeadline);
                             EXPECT_GE(clock.Now(), TimePoint{} + milliseconds(20));
                             clock.SleepFor(seconds(1));
                             sent = clock.Now();
                             EXPECT_EQ(*connection->WriteSome(Bytes("x"), kNoDeadline), 1u);
                             clock.SleepFor(seconds(1));
                           }});
}

// A reader that is slow holds its writer back by the buffer, no more and no less.
TEST(SimNetworkTest, ASlowReaderHoldsItsWriterBack) {
  constexpr size_t kBuffer = 1'000, kTotal = 20'000;
  ManualClock clock;
  SimNetwork network(5, clock, {.segment_bytes = 100, .buffer_bytes = kBuffer});
  Transport& a = network.Host("a");
  const auto listener = *network.Host("b").Listen("b:1");
  Mutex mu;
  size_t written = 0, read = 0, ahead_max = 0;
  RunInVirtualTime(clock, {[&] {
                             const auto connection = *listener->Accept(kNoDeadline);
                             std::vector<std::byte> buffer(250);
                             while (read < kTotal) {
                               clock.SleepFor(milliseconds(50));
                               const size_t n = *connection->ReadSome(buffer, kNoDeadline);
                               MutexLock lock(mu);
                               read += n;
                             }
                           },
                           [&] {
                             const auto connection = *a.Dial("b:1", kNoDeadline);
                             const std::string bytes(kTotal, 'x');
                             while (written < kTotal) {
                               const size_t n = *connection->WriteSome(
                                   Bytes(bytes).subspan(written), kNoDeadline);
                               MutexLock lock(mu);
                               written += n;
                               ahead_max = std::max(ahead_max, written - read);
                             }
                           }});
  EXPECT_EQ(read, kTotal);
  EXPECT_EQ(ahead_max, kBuffer);
}

TEST(SimNetworkTest, APartitionHoldsEverythingUntilItHeals) {
  ManualClock clock;
  SimNetwork network(9, clock);
  Transport& a = network.Host("a");
  const auto listener = *network.Host("b").Listen("b:1");
  RunInVirtualTime(clock, {[&] {
                             const auto connection = *listener->Accept(kNoDeadline);
                             std::byte buffer[100];
                             EXPECT_EQ(*connection->ReadSome(buffer, kNoDeadline), 5u);
                             EXPECT_GT(clock.Now(), TimePoint{} + seconds(10));
                             EXPECT_EQ(*connection->ReadSome(buffer, kNoDeadline), 0u);
                             const auto second = *listener->Accept(kNoDeadline);
                             EXPECT_GT(clock.Now(), TimePoint{} + seconds(20));
                           },
                           [&] {
                             auto connection = *a.Dial("b:1", kNoDeadline);
                             ASSERT_TRUE(connection->WriteAll(Bytes("hello"), kNoDeadline).ok());
                             network.Partition("b", "a");  // while it is under way
                             connection.reset();
                             clock.SleepUntil(TimePoint{} + seconds(10));
                             network.Heal("a", "b");
                             clock.SleepUntil(TimePoint{} + seconds(15));
                             network.Partition("a", "b");
                             EXPECT_EQ(a.Dial("b:1", clock.Now() + seconds(1)).status().code(),
                                       StatusCode::kDeadline);
                             clock.SleepUntil(TimePoint{} + seconds(20));
                             network.Heal("a", "b");
                             EXPECT_TRUE(a.Dial("b:1", kNoDeadline).ok());
                           }});
}

TEST(SimNetworkTest, UnknownHostsAndForeignAddressesAreRefused) {
  ManualClock clock;
  SimNetwork network(1, clock);
  Transport& a = network.Host("a");
  EXPECT_EQ(a.Dial("b:1", kNoDeadline).status().reason(), "host_not_found");
  EXPECT_EQ(a.Listen("b:1").status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE((*a.Listen("a:0"))->address(), (*a.Listen("a:0"))->address());
}

}  // namespace
}  // namespace pano
