// One suite for every transport: what holds on sockets holds on the simulated network.
#include "base/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/env.h"
#include "base/random.h"
#include "base/socket_transport.h"
#include "base/strings.h"
#include "base/testing/sim_network.h"
#include "base/testing/virtual_time.h"

namespace pano {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr TimePoint kNoDeadline = TimePoint::max();
constexpr size_t kMoreThanBuffersHold = 24 << 20;

using Bodies = std::vector<std::function<void()>>;

// A transport with a way to run several threads over it.
class Net {
 public:
  virtual ~Net() = default;
  virtual Transport& transport() = 0;
  virtual std::string NewAddress() = 0;  // to listen on
  virtual void Run(const Bodies& bodies) = 0;
};

class SocketNet final : public Net {
 public:
  SocketNet(bool unix_domain, int buffer_bytes)
      : unix_domain_(unix_domain), transport_({.buffer_bytes = buffer_bytes}) {}
  Transport& transport() override { return transport_; }
  std::string NewAddress() override {
    if (!unix_domain_) return "127.0.0.1:0";
    return StrCat("unix:", JoinPath(testing::TempDir(), StrCat("pano-", RandomHex(8))));
  }
  void Run(const Bodies& bodies) override {
    std::vector<std::jthread> threads;
    for (const auto& body : bodies) threads.emplace_back(body);
  }

 private:
  const bool unix_domain_;
  SocketTransport transport_;
};

class SimNet final : public Net {
 public:
  explicit SimNet(LinkOptions link) : network_(/*seed=*/1, clock_, link) {}
  Transport& transport() override { return network_.Host("a"); }
  std::string NewAddress() override { return "a:0"; }
  void Run(const Bodies& bodies) override { RunInVirtualTime(clock_, bodies); }

 private:
  ManualClock clock_;
  SimNetwork network_;
};

struct NetCase {
  const char* name;
  std::unique_ptr<Net> (*make)();
};

class TransportTest : public testing::TestWithParam<NetCase> {
 protected:
  TransportTest() : net_(GetParam().make()), transport_(net_->transport()) {}

  std::unique_ptr<Listener> Listen(std::stop_token stop = {}) {
    auto listener = transport_.Listen(net_->NewAddress(), std::move(stop));
    EXPECT_TRUE(listener.ok()) << listener.status().ToString();
    return *std::move(listener);
  }
  std::unique_ptr<Connection> Dial(const std::string& address) {
    auto connection = transport_.Dial(address, kNoDeadline);
    EXPECT_TRUE(connection.ok()) << connection.status().ToString();
    return *std::move(connection);
  }
  TimePoint In(Duration duration) { return transport_.clock().Now() + duration; }

  const std::unique_ptr<Net> net_;
  Transport& transport_;
};

std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// The protocol of these tests: a frame is its length in 4 bytes and as many more.
Status SendFrame(Connection& to, const std::string& payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  PANO_RETURN_IF_ERROR(to.WriteAll(std::as_bytes(std::span(&size, 1)), kNoDeadline));
  return to.WriteAll(Bytes(payload), kNoDeadline);
}

Result<std::string> ReceiveFrame(Connection& from) {
  uint32_t size = 0;
  PANO_RETURN_IF_ERROR(from.ReadAll(std::as_writable_bytes(std::span(&size, 1)), kNoDeadline));
  if (size > (8u << 20)) return Corruption("a frame of this size was never sent");
  std::string payload(size, '\0');
  PANO_RETURN_IF_ERROR(from.ReadAll(std::as_writable_bytes(std::span(payload)), kNoDeadline));
  return payload;
}

std::string Payload(Random& random, size_t size) {
  std::string payload(size, '\0');
  for (char& c : payload) c = static_cast<char>(random.Next());
  return payload;
}

TEST_P(TransportTest, FramesComeBackIntactFromSeveralClients) {
  constexpr int kClients = 3;
  const std::vector<size_t> sizes = {0, 1, 1459, 1460, 1461, 30'000, 100'000};
  const auto listener = Listen();
  Bodies bodies = {[&] {
    for (int client = 0; client < kClients; ++client) {
      const auto connection = *listener->Accept(kNoDeadline);
      while (true) {
        const auto frame = ReceiveFrame(*connection);
        if (!frame.ok()) {
          EXPECT_EQ(frame.status().reason(), "end_of_stream") << frame.status().ToString();
          break;
        }
        const Status sent = SendFrame(*connection, std::string(frame->rbegin(), frame->rend()));
        EXPECT_TRUE(sent.ok()) << sent.ToString();
      }
    }
  }};
  for (int client = 0; client < kClients; ++client) {
    bodies.push_back([&, client] {
      Random random(static_cast<uint64_t>(client));
      const auto connection = Dial(listener->address());
      for (const size_t size : sizes) {
        const std::string payload = Payload(random, size);
        const Status sent = SendFrame(*connection, payload);
        ASSERT_TRUE(sent.ok()) << sent.ToString();
        const auto back = ReceiveFrame(*connection);
        ASSERT_TRUE(back.ok()) << back.status().ToString();
        ASSERT_EQ(std::string(back->rbegin(), back->rend()), payload);
      }
    });
  }
  net_->Run(bodies);
}

TEST_P(TransportTest, OneDirectionEndsAlone) {
  const auto listener = Listen();
  net_->Run({[&] {
               const auto connection = *listener->Accept(kNoDeadline);
               std::string all;
               std::byte buffer[3];
               while (true) {
                 const auto n = connection->ReadSome(buffer, kNoDeadline);
                 ASSERT_TRUE(n.ok());
                 if (*n == 0) break;
                 all.append(reinterpret_cast<const char*>(buffer), *n);
               }
               EXPECT_EQ(all, "question");
               EXPECT_TRUE(SendFrame(*connection, "answer").ok());
             },
             [&] {
               const auto connection = Dial(listener->address());
               EXPECT_EQ(*connection->WriteSome({}, kNoDeadline), 0u);
               ASSERT_TRUE(connection->WriteAll(Bytes("question"), kNoDeadline).ok());
               ASSERT_TRUE(connection->CloseWrite().ok());
               EXPECT_EQ(connection->WriteAll(Bytes("more"), kNoDeadline).code(),
                         StatusCode::kUnavailable);
               EXPECT_EQ(*ReceiveFrame(*connection), "answer");
               EXPECT_EQ(ReceiveFrame(*connection).status().reason(), "end_of_stream");
             }});
}

TEST_P(TransportTest, DeadlinesEndEveryWait) {
  const auto listener = Listen();
  const std::string bytes(kMoreThanBuffersHold, 'x');
  net_->Run({[&] {
    TimePoint deadline = In(milliseconds(5));
    EXPECT_EQ(listener->Accept(deadline).status().code(), StatusCode::kDeadline);
    EXPECT_GE(transport_.clock().Now(), deadline);
  }});
  net_->Run({[&] {
               const auto connection = *listener->Accept(kNoDeadline);
               std::byte buffer[1];
               EXPECT_EQ(connection->ReadSome(buffer, In(milliseconds(5))).status().code(),
                         StatusCode::kDeadline);
               const auto turn = *listener->Accept(kNoDeadline);
               ASSERT_TRUE(turn->WriteAll(Bytes("x"), kNoDeadline).ok());
               // Silent until the other has given up.
               EXPECT_TRUE(listener->Accept(kNoDeadline).ok());
             },
             [&] {
               const auto connection = Dial(listener->address());
               std::byte buffer[1];
               EXPECT_EQ(connection->ReadSome(buffer, In(milliseconds(10))).status().code(),
                         StatusCode::kDeadline);
               // Bytes come only after the other has waited in vain, however late it started.
               const auto turn = Dial(listener->address());
               EXPECT_EQ(*turn->ReadSome(buffer, kNoDeadline), 1u);
               const TimePoint deadline = In(milliseconds(10));
               const Status late = connection->WriteAll(Bytes(bytes), deadline);
               EXPECT_EQ(late.code(), StatusCode::kDeadline) << late.ToString();
               EXPECT_GE(transport_.clock().Now(), deadline);
               (void)Dial(listener->address());
             }});
}

TEST_P(TransportTest, WhoIsNotThereIsUnavailable) {
  std::string address;
  {
    const auto listener = Listen();
    address = listener->address();
    EXPECT_EQ(transport_.Listen(address).status().code(), StatusCode::kUnavailable);
  }
  net_->Run({[&] {
    const auto refused = transport_.Dial(address, In(seconds(30)));
    EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable) << refused.status().ToString();
    EXPECT_EQ(transport_.Dial("nowhere", kNoDeadline).status().code(),
              StatusCode::kInvalidArgument);
    EXPECT_EQ(transport_.Dial(":80", kNoDeadline).status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(transport_.Listen("127.0.0.1:65536").status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(transport_.Listen("").status().code(), StatusCode::kInvalidArgument);
  }});
}

TEST_P(TransportTest, AStopEndsEveryCallForGood) {
  std::stop_source stop;
  const auto listener = Listen(stop.get_token());
  net_->Run({[&] {
               const auto connection = *listener->Accept(kNoDeadline);
               std::byte buffer[1];
               EXPECT_EQ(connection->ReadSome(buffer, kNoDeadline).status().code(),
                         StatusCode::kCancelled);
               EXPECT_EQ(connection->ReadSome(buffer, kNoDeadline).status().code(),
                         StatusCode::kCancelled);
               EXPECT_EQ(connection->WriteSome(Bytes("x"), kNoDeadline).status().code(),
                         StatusCode::kCancelled);
               EXPECT_EQ(listener->Accept(kNoDeadline).status().code(), StatusCode::kCancelled);
             },
             [&] {
               const auto connection =
                   *transport_.Dial(listener->address(), kNoDeadline, stop.get_token());
               std::byte buffer[1];
               EXPECT_EQ(connection->ReadSome(buffer, kNoDeadline).status().code(),
                         StatusCode::kCancelled);
             },
             [&] {
               transport_.clock().SleepFor(milliseconds(20));
               stop.request_stop();
             }});
  net_->Run({[&] {
    EXPECT_EQ(transport_.Dial(listener->address(), kNoDeadline, stop.get_token()).status().code(),
              StatusCode::kCancelled);
  }});
}

TEST_P(TransportTest, WritingToWhoHasGoneFails) {
  const auto listener = Listen();
  const std::string bytes(kMoreThanBuffersHold, 'x');
  net_->Run({[&] {
               auto connection = *listener->Accept(kNoDeadline);
               std::byte buffer[1];
               EXPECT_EQ(*connection->ReadSome(buffer, kNoDeadline), 1u);
               connection.reset();
             },
             [&] {
               const auto connection = Dial(listener->address());
               const Status broken = connection->WriteAll(Bytes(bytes), kNoDeadline);
               EXPECT_EQ(broken.code(), StatusCode::kUnavailable) << broken.ToString();
             }});
}

TEST_P(TransportTest, DatagramsComeWholeAndSayFromWhom) {
  std::stop_source stop;
  auto opened = transport_.OpenDatagrams(net_->NewAddress(), stop.get_token());
  if (std::string_view(GetParam().name) == "Unix") {
    EXPECT_EQ(opened.status().code(), StatusCode::kUnimplemented);
    return;
  }
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  const auto server = *std::move(opened);
  const auto client = *transport_.OpenDatagrams(net_->NewAddress());
  const std::string hello = "hello", longer(600, 'y');
  net_->Run({[&] {
               std::byte buffer[100];
               for (const std::string& want : {hello, longer}) {
                 const auto got = server->ReceiveFrom(buffer, In(seconds(10)));
                 ASSERT_TRUE(got.ok()) << got.status().ToString();
                 EXPECT_EQ(got->bytes, want.size());  // also where the buffer is smaller
                 EXPECT_EQ(std::memcmp(buffer, want.data(), std::min<size_t>(100, want.size())), 0);
                 EXPECT_EQ(got->from, client->address());
                 EXPECT_TRUE(server->SendTo(got->from, Bytes("back")).ok());
               }
               EXPECT_EQ(server->ReceiveFrom(buffer, In(milliseconds(1))).status().code(),
                         StatusCode::kDeadline);
             },
             [&] {
               std::byte buffer[100];
               for (const std::string& text : {hello, longer}) {
                 EXPECT_TRUE(client->SendTo(server->address(), Bytes(text)).ok());
                 const auto got = client->ReceiveFrom(buffer, In(seconds(10)));
                 ASSERT_TRUE(got.ok()) << got.status().ToString();
                 EXPECT_EQ(got->bytes, 4u);
               }
             }});
  EXPECT_EQ(client->SendTo("nowhere", Bytes("x")).code(), StatusCode::kInvalidArgument);
  const std::string large(DatagramSocket::kBytesMax + 1, 'x');
  EXPECT_EQ(client->SendTo(server->address(), Bytes(large)).code(), StatusCode::kInvalidArgument);
  stop.request_stop();
  std::byte buffer[1];
  EXPECT_EQ(server->ReceiveFrom(buffer, kNoDeadline).status().code(), StatusCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(
    All, TransportTest,
    testing::Values(
        NetCase{"Tcp",
                []() -> std::unique_ptr<Net> { return std::make_unique<SocketNet>(false, 0); }},
        NetCase{"TcpSmallBuffers",
                []() -> std::unique_ptr<Net> { return std::make_unique<SocketNet>(false, 2048); }},
        NetCase{"Unix",
                []() -> std::unique_ptr<Net> { return std::make_unique<SocketNet>(true, 0); }},
        NetCase{"Sim",
                []() -> std::unique_ptr<Net> { return std::make_unique<SimNet>(LinkOptions{}); }},
        NetCase{"SimSmallBuffers",
                []() -> std::unique_ptr<Net> {
                  return std::make_unique<SimNet>(LinkOptions{.buffer_bytes = 700});
                }}),
    [](const auto& of) { return std::string(of.param.name); });

TEST(SocketTransportTest, NamesAndFamilies) {
  SocketTransport transport;
  const auto listener = transport.Listen("localhost:0");
  ASSERT_TRUE(listener.ok()) << listener.status().ToString();
  const std::string& address = (*listener)->address();
  EXPECT_TRUE(transport.Dial(StrCat("localhost", address.substr(address.rfind(':'))),
                             TimePoint::max())
                  .ok());
  const std::string long_path = StrCat("unix:", std::string(200, 'x'));
  EXPECT_EQ(transport.Dial(long_path, TimePoint::max()).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_THAT(transport.Dial("unix:/no/such/socket", TimePoint::max()).status().message(),
              HasSubstr("No such file"));
}

}  // namespace
}  // namespace pano
