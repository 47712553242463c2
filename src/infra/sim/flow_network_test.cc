#include "infra/sim/flow_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace pano::sim {
namespace {

struct RandomFlow {
  std::vector<LinkId> path;
  double cap = kNoCap;
  FlowId id = 0;
};

// Rates are max-min fair exactly when no link carries more than its capacity and every flow has its cap or a
// full link on which nobody has more (the bottleneck property).
void ExpectFair(const FlowNetwork& network, const std::vector<RandomFlow>& flows) {
  std::vector<double> load(network.link_count());
  std::vector<double> most(network.link_count());
  for (const RandomFlow& flow : flows) {
    for (const LinkId link : flow.path) {
      load[link] += network.rate(flow.id);
      most[link] = std::max(most[link], network.rate(flow.id));
    }
  }
  for (size_t link = 0; link < load.size(); ++link) {
    EXPECT_LE(load[link], network.capacity(static_cast<LinkId>(link)) * (1 + 1e-9));
  }
  for (const RandomFlow& flow : flows) {
    const double rate = network.rate(flow.id);
    bool bound = rate >= flow.cap * (1 - 1e-9);
    for (const LinkId link : flow.path) {
      bound |= load[link] >= network.capacity(link) * (1 - 1e-9) && rate >= most[link] * (1 - 1e-9);
    }
    EXPECT_TRUE(bound) << "rate " << rate;
  }
}

TEST(FlowNetworkTest, RandomNetworksHaveTheBottleneckPropertyWhileFlowsComeAndGo) {
  Random random(11);
  for (int round = 0; round < 50; ++round) {
    FlowNetwork network;
    const auto links = static_cast<LinkId>(2 + random.Below(12));
    for (LinkId l = 0; l < links; ++l) network.AddLink(1 + static_cast<double>(random.Below(20)));
    std::vector<RandomFlow> flows;
    Time now = 0;
    std::vector<FlowNetwork::Ended> ended;
    uint64_t next_tag = 0;
    std::vector<uint64_t> tags;
    for (int step = 0; step < 40; ++step) {
      ended.clear();
      if (network.next_end() < kNever && random.Below(2) == 0) now = network.next_end();
      network.TakeEnded(now, ended);
      for (const auto& end : ended) {
        const auto at = std::ranges::find(tags, end.tag) - tags.begin();
        flows.erase(flows.begin() + at);
        tags.erase(tags.begin() + at);
      }
      RandomFlow flow;
      for (LinkId l = 0; l < links; ++l) {
        if (random.Below(4) == 0) flow.path.push_back(l);
      }
      if (flow.path.empty()) flow.path.push_back(0);
      if (random.Below(4) == 0) flow.cap = 0.1 + 3 * random.Uniform();
      flow.id = network.Start(now, flow.path, 1 + 50 * random.Uniform(), flow.cap, next_tag);
      tags.push_back(next_tag++);
      flows.push_back(flow);
      if (random.Below(5) == 0) {
        network.SetCapacity(static_cast<LinkId>(random.Below(links)), 1 + static_cast<double>(random.Below(20)));
      }
      network.Settle(now);
      ExpectFair(network, flows);
    }
  }
}

TEST(FlowNetworkTest, BytesAreConservedWhenRatesChange) {
  FlowNetwork network;
  const LinkId link = network.AddLink(10);
  network.Start(0, std::vector<LinkId>{link}, 100, kNoCap, 1);
  network.Settle(0);
  EXPECT_DOUBLE_EQ(network.next_end(), 10);
  network.Start(5, std::vector<LinkId>{link}, 25, kNoCap, 2);  // half each from 5 s on: it ends at 10 s
  network.Settle(5);
  EXPECT_DOUBLE_EQ(network.next_end(), 10);
  std::vector<FlowNetwork::Ended> ended;
  network.TakeEnded(10, ended);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].tag, 2u);
  network.Settle(10);
  EXPECT_DOUBLE_EQ(network.next_end(), 12.5);  // 25 left at 10 bytes a second
}

TEST(FlowNetworkTest, ALinkThatIsDownHoldsItsFlowsUntilItIsBack) {
  FlowNetwork network;
  const LinkId link = network.AddLink(10);
  network.Start(0, std::vector<LinkId>{link}, 100, kNoCap, 1);
  network.Settle(0);
  network.SetCapacity(link, 0);
  network.Settle(2);
  EXPECT_EQ(network.next_end(), kNever);
  EXPECT_EQ(network.active(), 1u);
  network.SetCapacity(link, 20);
  network.Settle(100);
  EXPECT_DOUBLE_EQ(network.next_end(), 104);
}

TEST(FlowNetworkTest, NothingToSendEndsAtOnceAndACapAloneIsARate) {
  FlowNetwork network;
  const LinkId link = network.AddLink(10);
  network.Start(3, std::vector<LinkId>{link}, 0, kNoCap, 1);
  network.Start(3, {}, 8, 4, 2);
  EXPECT_EQ(network.next_end(), 3);
  std::vector<FlowNetwork::Ended> ended;
  network.TakeEnded(3, ended);
  ASSERT_EQ(ended.size(), 1u);
  network.Settle(3);
  EXPECT_DOUBLE_EQ(network.next_end(), 5);
  EXPECT_EQ(network.active(), 1u);
}

}  // namespace
}  // namespace pano::sim
