#include "model/train/parallel/hub_group.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "base/check.h"
#include "base/socket_transport.h"
#include "base/strings.h"
#include "base/testing/sim_network.h"
#include "base/testing/virtual_time.h"
#include "model/train/parallel/group_message.h"

namespace pano::train {
namespace {

using collective::Communicator;
using std::chrono::seconds;

using Body = std::function<Status(Communicator& group)>;

// Members on hosts m0, m1, ... of a simulated network; what each of them ends with.
class SimulatedRun {
 public:
  explicit SimulatedRun(int size, uint64_t seed = 1, LinkOptions link = {})
      : network(seed, clock, link), size_(size) {
    for (int r = 0; r < size; ++r) network.Host(StrCat("m", r));  // names are known from the start
  }

  GroupOptions Options(int rank) {
    GroupOptions options;
    options.rank = rank;
    options.size = size_;
    options.address = "m0:29500";
    options.secret = "secret";
    options.fingerprint = "recipe";
    options.join_timeout = seconds(30);
    options.timeout = seconds(20);
    options.transport = &network.Host(StrCat("m", rank));
    return options;
  }

  // `change` may alter a member's options before it comes.
  std::vector<Status> Run(const std::vector<Body>& bodies,
                          const std::function<void(int, GroupOptions&)>& change = nullptr) {
    std::vector<Status> ends(bodies.size());
    std::vector<std::function<void()>> threads;
    for (size_t r = 0; r < bodies.size(); ++r) {
      threads.push_back([&, r] {
        GroupOptions options = Options(static_cast<int>(r));
        if (change) change(static_cast<int>(r), options);
        ends[r] = RunOne(options, bodies[r]);
      });
    }
    RunInVirtualTime(clock, threads);
    return ends;
  }

  static Status RunOne(const GroupOptions& options, const Body& body) {
    std::unique_ptr<Communicator> group;
    if (options.rank == 0) {
      PANO_ASSIGN_OR_RETURN(HubListener listener, HubListener::Listen(options));
      PANO_ASSIGN_OR_RETURN(group, listener.AcceptMembers());
    } else {
      PANO_ASSIGN_OR_RETURN(group, JoinGroup(options));
    }
    return body(*group);
  }

  ManualClock clock;
  SimNetwork network;

 private:
  const int size_;
};

Status Compute(Communicator& group) {
  const auto rank = static_cast<size_t>(group.rank()), size = static_cast<size_t>(group.size());
  for (size_t count : {0, 1, 7, 5000}) {
    std::vector<float> data(count);
    for (size_t i = 0; i < count; ++i) data[i] = static_cast<float>(i) + 0.1F * static_cast<float>(rank);
    std::vector<float> expected(count);
    for (size_t i = 0; i < count; ++i) {
      for (size_t r = 0; r < size; ++r) {
        const float value = static_cast<float>(i) + 0.1F * static_cast<float>(r);
        expected[i] = r == 0 ? value : expected[i] + value;
      }
    }
    PANO_RETURN_IF_ERROR(group.AllReduceSum(data));
    EXPECT_EQ(data, expected);  // to the bit: in the order of ranks
    std::vector<float> local(count, static_cast<float>(rank)), all(count * size);
    PANO_RETURN_IF_ERROR(group.AllGather(local, all));
    for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<float>(i / count));
    for (int root = 0; root < group.size(); ++root) {
      std::vector<float> told(count, group.rank() == root ? 3.5F : 0.0F);
      PANO_RETURN_IF_ERROR(group.Broadcast(told, root));
      EXPECT_EQ(told, std::vector<float>(count, 3.5F));
    }
  }
  return {};
}

TEST(HubGroup, ComputesTheSameEverywhere) {
  for (int size : {1, 2, 3, 5}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      SimulatedRun run(size, seed);
      for (const Status& end : run.Run(std::vector<Body>(static_cast<size_t>(size), Compute))) {
        EXPECT_TRUE(end.ok()) << end.ToString();
      }
    }
  }
}

TEST(HubGroup, WorksOverSocketsThatBlockEarly) {
  SocketTransport transport({.buffer_bytes = 4096});
  GroupOptions options;
  options.size = 3;
  options.address = "127.0.0.1:0";
  options.secret = "secret";
  options.transport = &transport;
  auto listener = HubListener::Listen(options);
  ASSERT_TRUE(listener.ok()) << listener.error().ToString();
  std::vector<Status> ends(3);
  {
    std::vector<std::jthread> threads;
    for (int rank = 1; rank < 3; ++rank) {
      threads.emplace_back([&, rank] {
        GroupOptions own = options;
        own.rank = rank;
        own.address = listener->address();
        ends[static_cast<size_t>(rank)] = SimulatedRun::RunOne(own, Compute);
      });
    }
    auto group = listener->AcceptMembers();
    ASSERT_TRUE(group.ok()) << group.error().ToString();
    ends[0] = Compute(**group);
  }
  for (const Status& end : ends) EXPECT_TRUE(end.ok()) << end.ToString();
}

// Whoever ends, at whatever operation: the others hear of it, by its number, and end too.
TEST(HubGroup, AMemberThatEndsEndsTheOthersWithAWord) {
  for (int gone = 0; gone < 3; ++gone) {
    for (int operations = 0; operations < 3; ++operations) {
      SCOPED_TRACE(StrCat("member ", gone, " ends after ", operations));
      SimulatedRun run(3);
      std::vector<Body> bodies(3);
      for (int r = 0; r < 3; ++r) {
        bodies[static_cast<size_t>(r)] = [&, r](Communicator& group) -> Status {
          std::vector<float> data(10000);
          for (int i = 0; i < 10; ++i) {
            if (r == gone && i == operations) return OkStatus();  // its end is destroyed
            PANO_RETURN_IF_ERROR(group.AllReduceSum(data));
          }
          return OkStatus();
        };
      }
      const std::vector<Status> ends = run.Run(bodies);
      for (int r = 0; r < 3; ++r) {
        const Status& end = ends[static_cast<size_t>(r)];
        if (r == gone) continue;
        EXPECT_EQ(end.code(), StatusCode::kUnavailable) << end.ToString();
        EXPECT_NE(end.message().find(StrCat("member ", gone, " has gone")), std::string::npos)
            << end.message();
      }
      EXPECT_LT(Seconds(run.clock.Now().time_since_epoch()), 25);
    }
  }
}

TEST(HubGroup, AMemberThatHangsIsNamedAfterTheTimeout) {
  SimulatedRun run(3);
  std::vector<Body> bodies(3, [&](Communicator& group) -> Status {
    std::vector<float> data(10);
    PANO_RETURN_IF_ERROR(group.AllReduceSum(data));
    if (group.rank() == 2) run.clock.SleepFor(seconds(100));
    return group.AllReduceSum(data);
  });
  const std::vector<Status> ends = run.Run(bodies);
  EXPECT_EQ(ends[0].code(), StatusCode::kDeadline);
  EXPECT_NE(ends[0].message().find("member 2 said nothing for 16 s"), std::string::npos)
      << ends[0].message();
  EXPECT_FALSE(ends[1].ok());
  EXPECT_FALSE(ends[2].ok());
}

// A loss that is no number on one member: the others end with that member's words.
TEST(HubGroup, AbortTellsTheOthersWhy) {
  for (int giver = 0; giver < 3; ++giver) {
    SimulatedRun run(3);
    std::vector<Body> bodies(3, [&](Communicator& group) -> Status {
      std::vector<float> data(10);
      PANO_RETURN_IF_ERROR(group.AllReduceSum(data));
      if (group.rank() == giver) {
        group.Abort(InvalidArgument("the loss is NaN"));
        EXPECT_FALSE(group.AllReduceSum(data).ok());
        run.clock.SleepFor(seconds(1));
        return OkStatus();
      }
      return group.AllReduceSum(data);
    });
    const std::vector<Status> ends = run.Run(bodies);
    for (int r = 0; r < 3; ++r) {
      if (r == giver) continue;
      const Status& end = ends[static_cast<size_t>(r)];
      EXPECT_NE(end.message().find("the loss is NaN"), std::string::npos) << end.ToString();
      EXPECT_NE(end.message().find(StrCat("member ", giver)), std::string::npos) << end.message();
    }
  }
}

TEST(HubGroup, MembersThatCallDifferentlyAreTold) {
  SimulatedRun run(2);
  const std::vector<Status> ends = run.Run(std::vector<Body>(2, [](Communicator& group) {
    std::vector<float> data(group.rank() == 0 ? 10 : 11);
    return group.AllReduceSum(data);
  }));
  EXPECT_EQ(ends[0].code(), StatusCode::kInternal);
  EXPECT_NE(ends[0].message().find("members call differently"), std::string::npos);
  EXPECT_FALSE(ends[1].ok());
}

TEST(HubGroup, WhoDoesNotFitIsRefusedWithTheReason) {
  struct Case {
    std::string word;
    std::function<void(GroupOptions&)> change;
  };
  const std::vector<Case> cases = {
      {"PANO_TRAIN_TOKEN", [](GroupOptions& o) { o.secret = "another"; }},
      {"recipe", [](GroupOptions& o) { o.fingerprint = "another"; }},
      {"members", [](GroupOptions& o) { o.size = 3; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.word);
    SimulatedRun run(2);
    const std::vector<Status> ends =
        run.Run(std::vector<Body>(2, Compute), [&](int rank, GroupOptions& options) {
          if (rank == 1) c.change(options);
        });
    EXPECT_EQ(ends[0].code(), StatusCode::kDeadline);
    EXPECT_NE(ends[0].message().find("missing: 1"), std::string::npos) << ends[0].message();
    EXPECT_NE(ends[0].message().find(c.word), std::string::npos) << ends[0].message();
    EXPECT_EQ(ends[1].code(), StatusCode::kInvalidArgument);
    EXPECT_NE(ends[1].message().find(c.word), std::string::npos) << ends[1].message();
  }
}

// Somebody who dials and says nothing, or nonsense, costs time and no more.
TEST(HubGroup, StrangersDoNotKeepMembersOut) {
  for (const std::string& said : {std::string(), std::string(kHelloBytes, 'x'),
                                  std::string("GET / HTTP/1.1\r\n\r\n")}) {
    SimulatedRun run(2);
    std::vector<Status> ends(2);
    std::vector<std::function<void()>> bodies;
    for (int rank = 0; rank < 2; ++rank) {
      bodies.push_back([&, rank] {
        if (rank == 1) run.clock.SleepFor(seconds(1));
        ends[static_cast<size_t>(rank)] = SimulatedRun::RunOne(run.Options(rank), Compute);
      });
    }
    bodies.push_back([&] {
      run.clock.SleepFor(std::chrono::milliseconds(500));
      auto connection = run.network.Host("stranger").Dial("m0:29500", TimePoint::max());
      ASSERT_TRUE(connection.ok());
      (void)(*connection)
          ->WriteAll(std::as_bytes(std::span(said.data(), said.size())), TimePoint::max());
      run.clock.SleepFor(seconds(20));
    });
    RunInVirtualTime(run.clock, bodies);
    for (const Status& end : ends) EXPECT_TRUE(end.ok()) << end.ToString();
  }
}

TEST(HubGroup, SaysWhoDidNotCome) {
  SimulatedRun run(4);
  std::vector<Status> ends(2);
  RunInVirtualTime(run.clock, {[&] { ends[0] = SimulatedRun::RunOne(run.Options(0), Compute); },
                               [&] { ends[1] = SimulatedRun::RunOne(run.Options(2), Compute); }});
  EXPECT_EQ(ends[0].code(), StatusCode::kDeadline);
  EXPECT_NE(ends[0].message().find("missing: 1, 3"), std::string::npos) << ends[0].message();
  EXPECT_FALSE(ends[1].ok());
}

TEST(HubGroup, NeedsASecretAndAnAddress) {
  SimulatedRun run(2);
  GroupOptions options = run.Options(0);
  options.secret.clear();
  EXPECT_FALSE(HubListener::Listen(options).ok());
  options.rank = 1;
  EXPECT_FALSE(JoinGroup(options).ok());
  options = run.Options(0);
  options.transport = &Transport::Real();
  options.address = "no address";
  EXPECT_FALSE(HubListener::Listen(options).ok());
}

TEST(GroupMessage, ProofsDependOnEverything) {
  const Challenge challenge{FreshNonce()}, other{FreshNonce()};
  Hello hello;
  hello.nonce = FreshNonce();
  hello.rank = 1;
  hello.size = 2;
  const Digest proof = HelloProof("s", challenge, hello);
  EXPECT_TRUE(SameDigest(proof, HelloProof("s", challenge, hello)));
  EXPECT_FALSE(SameDigest(proof, HelloProof("t", challenge, hello)));
  EXPECT_FALSE(SameDigest(proof, HelloProof("s", other, hello)));
  EXPECT_FALSE(SameDigest(proof, WelcomeProof("s", challenge, hello)));
  Hello changed = hello;
  changed.rank = 2;
  EXPECT_FALSE(SameDigest(proof, HelloProof("s", challenge, changed)));
  changed = hello;
  changed.fingerprint[0] = std::byte{1};
  EXPECT_FALSE(SameDigest(proof, HelloProof("s", challenge, changed)));
  // RFC 4231, test case 2.
  const Digest known = Hmac("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(known[0], std::byte{0x5b});
  EXPECT_EQ(known[31], std::byte{0x43});
}

}  // namespace
}  // namespace pano::train
