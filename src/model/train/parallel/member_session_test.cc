#include "model/train/parallel/member_session.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace pano::train {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Variables of the environment as a process that another has started finds them. Confined to one
// thread.
class Environment {
 public:
  explicit Environment(Variables variables)
      : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : variables_) unsetenv(name.c_str());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  Variables variables_;
};

TEST(MemberSession, ARunOfOneNeedsNobody) {
  auto session = MemberSession::Plan({});
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->size(), 1);
  EXPECT_TRUE(session->Join({"x"}, "f").ok());
  EXPECT_EQ(session->group(), nullptr);
  EXPECT_TRUE(session->End({}).ok());
  EXPECT_FALSE(session->End(InvalidArgument("x")).ok());
}

TEST(MemberSession, RanksFollowTheMachines) {
  const Environment token(Variables{{"PANO_TRAIN_TOKEN", "t"}});
  auto session = MemberSession::Plan(
      {.processes = 4, .rendezvous = "10.0.0.1:29500", .nodes = 3, .node = 2});
  ASSERT_TRUE(session.ok()) << session.error().ToString();
  EXPECT_EQ(session->size(), 12);
  EXPECT_EQ(session->rank(), 8);
  EXPECT_EQ(session->local_processes(), 4);
}

TEST(MemberSession, AStartedProcessIsWhatItsStarterSays) {
  const Environment started(Variables{{"PANO_TRAIN_RANK", "3"},
                                      {"PANO_TRAIN_SIZE", "4"},
                                      {"PANO_TRAIN_LOCAL", "2"},
                                      {"PANO_TRAIN_ADDRESS", "127.0.0.1:1"}});
  auto session = MemberSession::Plan({.processes = 1});
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->rank(), 3);
  EXPECT_EQ(session->size(), 4);
  EXPECT_EQ(session->local_processes(), 2);
}

TEST(MemberSession, NamesWhatIsWrong) {
  struct Case {
    MemberOptions options;
    std::string word;
  };
  const std::vector<Case> cases = {
      {{.nodes = 2, .node = 2}, "node-rank"},
      {{.nodes = 2}, "--rendezvous"},
      {{.processes = 2000}, "--nproc"},
      {{.rendezvous = "nowhere"}, "--rendezvous"},
      {{.rendezvous = "10.0.0.1:29500", .nodes = 2}, "PANO_TRAIN_TOKEN"},
  };
  for (const Case& c : cases) {
    const auto session = MemberSession::Plan(c.options);
    ASSERT_FALSE(session.ok()) << c.word;
    EXPECT_EQ(session.error().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(session.error().message().find(c.word), std::string::npos)
        << session.error().message();
  }
  const Environment broken(Variables{{"PANO_TRAIN_RANK", "x"}, {"PANO_TRAIN_SIZE", "4"}});
  EXPECT_FALSE(MemberSession::Plan({}).ok());
}

}  // namespace
}  // namespace pano::train
