#include "infra/sim/network_simulation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pano::sim {
namespace {

// Notes what happens and when.
class Recorder : public NetworkSimulation::World {
 public:
  explicit Recorder(NetworkSimulation& simulation) : simulation_(simulation) {}
  void OnTimer(uint64_t tag) override { Note("timer", tag); }
  void OnArrival(uint64_t tag) override { Note("arrival", tag); }
  std::vector<std::string> notes;

 private:
  void Note(const std::string& what, uint64_t tag) {
    notes.push_back(what + " " + std::to_string(tag) + " at " + std::to_string(simulation_.now()));
  }
  NetworkSimulation& simulation_;
};

TEST(NetworkSimulationTest, AMessageWaitsAndThenFlows) {
  NetworkSimulation simulation;
  Route route;
  route.Add(simulation.network().AddLink(4));
  Recorder recorder(simulation);
  simulation.Send(1, route, 8, 1);    // alone from 1 s to 3 s
  simulation.Send(3, route, 4, 2);    // starts as the other ends: it never shares
  simulation.StartTimer(3, 3);
  ASSERT_TRUE(simulation.Run(recorder).ok());
  EXPECT_EQ(recorder.notes, (std::vector<std::string>{"arrival 1 at 3.000000", "timer 3 at 3.000000", "arrival 2 at 4.000000"}));
}

TEST(NetworkSimulationTest, SaysWhenALinkCarriesNothing) {
  NetworkSimulation simulation;
  Route route;
  route.Add(simulation.network().AddLink(0));
  Recorder recorder(simulation);
  simulation.Send(1, route, 8, 1);
  const Status status = simulation.Run(recorder);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
}

TEST(NetworkSimulationTest, GivesUpAtItsLimit) {
  // Starts itself again for ever.
  class Restless : public NetworkSimulation::World {
   public:
    explicit Restless(NetworkSimulation& simulation) : simulation_(simulation) {}
    void OnTimer(uint64_t tag) override { simulation_.StartTimer(1, tag); }
    void OnArrival(uint64_t) override {}

   private:
    NetworkSimulation& simulation_;
  };
  NetworkSimulation simulation;
  Restless world(simulation);
  simulation.StartTimer(0, 1);
  EXPECT_EQ(simulation.Run(world, {.events = 1000, .rates = 1000}).code(), StatusCode::kExhausted);
}

}  // namespace
}  // namespace pano::sim
