#include "pano/terminal/interrupts.h"

#include <csignal>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace pano::terminal {
namespace {

bool Stops(const std::stop_token& token) {
  for (int i = 0; i < 1000 && !token.stop_requested(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return token.stop_requested();
}

TEST(Interrupts, StopWhatIsUnderWay) {
  Interrupts interrupts;
  for (int i = 0; i < 50; ++i) {
    std::raise(SIGINT);  // nothing is: must not stop what comes next
    const std::stop_token first = interrupts.Begin();
    interrupts.End();
    const std::stop_token token = interrupts.Begin();
    if (i % 10 == 0) {
      std::raise(SIGINT);
      EXPECT_TRUE(Stops(token));
    }
    interrupts.End();
    EXPECT_FALSE(first.stop_requested());
    EXPECT_EQ(token.stop_requested(), i % 10 == 0);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace
}  // namespace pano::terminal
