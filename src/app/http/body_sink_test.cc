// Bodies that go to a sink while they come, over both transports.
#include "app/http/body_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "app/http/testing/both_transports.h"
#include "app/http/testing/raw_client.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;

// What the sinks of a test have seen. Thread-safe.
struct Seen {
  std::mutex mu;
  std::string body;
  size_t largest = 0;
  std::atomic<int> alive{0};
  std::atomic<size_t> refuse_from{SIZE_MAX};  // bytes
};

// Keeps what it is given; says so from another thread.
class Keeping final : public BodySink {
 public:
  explicit Keeping(Seen& seen) : seen_(seen) { ++seen_.alive; }
  ~Keeping() override { --seen_.alive; }
  void Take(std::string piece, Taken taken) override {
    bool more = true;
    {
      std::lock_guard lock(seen_.mu);
      seen_.body += piece;
      seen_.largest = std::max(seen_.largest, piece.size());
      more = seen_.body.size() < seen_.refuse_from;
    }
    std::thread([taken = std::move(taken), more] { taken(more); }).detach();
  }

 private:
  Seen& seen_;
};

class BodySinkTest : public testing::BothTransports {
 protected:
  // Answers where the body went, and how much of it there is.
  std::unique_ptr<Server> Start(ServerOptions options = {}, Server::HeadCheck head_check = {}) {
    options.port = 0;
    options.tls = tls();
    options.body_bytes_max = 1000;
    auto handler = [this](const std::shared_ptr<Exchange>& exchange) {
      const bool sunk = BodySinkOf(*exchange) != nullptr;
      std::lock_guard lock(seen_.mu);
      exchange->Respond({200, {}, StrCat(sunk ? "sunk " : "held ", sunk ? seen_.body.size() : exchange->request().body.size())});
    };
    auto rules = [this](const Request& head) -> std::optional<BodyRule> {
      if (head.path != "/large") return std::nullopt;
      return BodyRule{4 << 20, std::make_shared<Keeping>(seen_)};
    };
    auto server = StartServer(std::move(options), handler, {}, Clock::Real(), std::move(head_check), rules);
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    return std::move(server).value();
  }
  static std::string Post(std::string_view path, std::string_view fields, std::string_view body = "") {
    return StrCat("POST ", path, " HTTP/1.1\r\nHost: a\r\n", fields, "\r\n\r\n", body);
  }
  static std::string Length(size_t bytes) { return StrCat("Content-Length: ", bytes); }
  void AwaitNoSink() {
    for (int i = 0; i < 2000 && seen_.alive != 0; ++i) std::this_thread::sleep_for(5ms);
    EXPECT_EQ(seen_.alive, 0);
  }

  Seen seen_;
};

TEST_P(BodySinkTest, ALargeBodyGoesThereInPieces) {
  const auto server = Start();
  RawClient client(server->port());
  std::string body;
  for (int i = 0; body.size() < (3u << 20); ++i) body += StrCat(i, "\n");
  ASSERT_TRUE(client.Send(Post("/large", Length(body.size()), body)));
  EXPECT_EQ(client.Receive().body, StrCat("sunk ", body.size()));
  {
    std::lock_guard lock(seen_.mu);
    EXPECT_EQ(seen_.body, body);
    EXPECT_LE(seen_.largest, BodyRule::kBytes + (128u << 10));
    seen_.body.clear();
  }
  // The connection goes on, also with a body of chunks.
  std::string chunks;
  for (int i = 0; i < 10; ++i) chunks += StrCat("186a0\r\n", std::string(100'000, 'x'), "\r\n");
  ASSERT_TRUE(client.Send(Post("/large", "Transfer-Encoding: chunked", chunks + "0\r\n\r\n")));
  EXPECT_EQ(client.Receive().body, "sunk 1000000");
  ASSERT_TRUE(client.Send(Post("/large", Length(5), "small")));
  EXPECT_EQ(client.Receive().body, "held 5");
  AwaitNoSink();
}

TEST_P(BodySinkTest, ItsLimitIsItsOwn) {
  const auto server = Start();
  const std::string body(2000, 'x');
  for (const auto& [path, length, status] : {std::tuple("/large", size_t{2000}, 200), std::tuple("/other", size_t{2000}, 413),
                                             std::tuple("/large", size_t{4 << 20} + 1, 413)}) {
    RawClient client(server->port());
    client.Send(Post(path, Length(length), body));
    EXPECT_EQ(client.Receive().status, status) << path << " " << length;
  }
  // Chunks say no length beforehand.
  RawClient client(server->port());
  std::string chunks;
  for (int i = 0; i < 50; ++i) chunks += StrCat("186a0\r\n", std::string(100'000, 'x'), "\r\n");
  client.Send(Post("/large", "Transfer-Encoding: chunked", chunks));
  EXPECT_EQ(client.Receive().status, 413);
  AwaitNoSink();
}

TEST_P(BodySinkTest, WhatASinkRefusesIsAnsweredAtOnce) {
  seen_.refuse_from = 1;
  const auto server = Start();
  RawClient client(server->port());
  client.Send(Post("/large", Length(4 << 20), std::string(600'000, 'x')));  // and no more
  const auto reply = client.Receive();
  EXPECT_TRUE(reply.body.starts_with("sunk ")) << reply.body;
  EXPECT_FALSE(reply.keep_alive);
  AwaitNoSink();
}

TEST_P(BodySinkTest, NothingGoesThereThatTheHeadCheckRefuses) {
  const auto server = Start({}, [](const Request&, const Server::Decide&) -> Server::HeadVerdict {
    return {.refusal = Response{401, {}, "no"}};
  });
  RawClient client(server->port());
  client.Send(Post("/large", Length(1 << 20), std::string(600'000, 'x')));
  EXPECT_EQ(client.Receive().status, 401);
  AwaitNoSink();
  std::lock_guard lock(seen_.mu);
  EXPECT_EQ(seen_.body, "");
}

TEST_P(BodySinkTest, AClientThatGoesTakesItsSinkAlong) {
  ServerOptions options;
  options.body_timeout = 200ms;
  const auto server = Start(std::move(options));
  {
    RawClient client(server->port());
    client.Send(Post("/large", Length(1 << 20), std::string(400'000, 'x')));
  }
  AwaitNoSink();
  RawClient client(server->port());
  client.Send(Post("/large", Length(1 << 20), std::string(400'000, 'x')));
  EXPECT_EQ(client.Receive().status, 408);  // the next piece does not come
  AwaitNoSink();
}

INSTANTIATE_TEST_SUITE_P(Over, BodySinkTest, ::testing::Values("Tcp", "Tls"), testing::TransportName);

}  // namespace
}  // namespace pano::http
