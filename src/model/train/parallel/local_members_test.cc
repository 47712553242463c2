#include "model/train/parallel/local_members.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::train {
namespace {

using std::chrono::seconds;

std::vector<MemberEnd> RunShell(const std::string& script, Duration grace,
                                const std::vector<int>& ranks = {1, 2, 3}) {
  auto members = LocalMembers::Start("/bin/sh", {"sh", "-c", script}, {{"WORD", "a b"}}, ranks);
  EXPECT_TRUE(members.ok()) << members.error().ToString();
  std::vector<MemberEnd> ends = members->Wait(grace);
  std::ranges::sort(ends, {}, &MemberEnd::rank);
  return ends;
}

TEST(LocalMembers, KnowTheirRankAndAreWaitedFor) {
  const std::vector<MemberEnd> ends =
      RunShell("test \"$WORD\" = 'a b' || exit 50; exit $PANO_TRAIN_RANK", seconds(60));
  ASSERT_EQ(ends.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const MemberEnd& end = ends[static_cast<size_t>(i)];
    EXPECT_EQ(end.rank, i + 1);
    EXPECT_EQ(end.exit_code, i + 1);
    EXPECT_EQ(end.ToString(), StrCat("member ", i + 1, " ended with code ", i + 1));
  }
}

TEST(LocalMembers, ASignalIsNamed) {
  const std::vector<MemberEnd> ends = RunShell("kill -9 $$", seconds(60), {2});
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].signal, SIGKILL);
  EXPECT_EQ(ends[0].ToString(), "member 2 was killed by signal 9");
}

TEST(LocalMembers, WhoDoesNotEndIsKilledAfterTheGrace) {
  const TimePoint begin = Clock::Real().Now();
  const std::vector<MemberEnd> ends = RunShell("exec sleep 600", std::chrono::milliseconds(50));
  ASSERT_EQ(ends.size(), 3U);
  for (const MemberEnd& end : ends) EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_LT(Seconds(Clock::Real().Now() - begin), 60);
}

TEST(LocalMembers, AProgramThatIsNotThereIsAStatus) {
  const auto members = LocalMembers::Start("/no/such/program", {"x"}, {}, {1});
  ASSERT_FALSE(members.ok());
  EXPECT_NE(members.error().message().find("/no/such/program"), std::string::npos);
}

}  // namespace
}  // namespace pano::train
