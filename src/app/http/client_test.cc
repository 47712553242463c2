#include "app/http/client.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/http/sse.h"
#include "base/strings.h"
#include "base/testing/sim_network.h"
#include "base/testing/virtual_time.h"

namespace pano::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::unique_ptr<Server> StartServer(Handler handler, ServerOptions options = {}) {
  options.port = 0;
  return std::move(Server::Start(std::move(options), std::move(handler))).value();
}

Url UrlOf(const Server& server) { return {"127.0.0.1", server.port(), "/api"}; }

TEST(Client, SendsAndKeepsTheConnection) {
  const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
    const Request& request = exchange->request();
    exchange->Respond({request.method == "POST" ? 201 : 404,
                       {{"A", "b"}},
                       StrCat(request.path, ' ', request.body)});
  });
  Client client(UrlOf(*server));
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Send({"POST", "/x", {{"B", "c"}}, "body"});
    ASSERT_TRUE(response.ok()) << response.status().ToString();
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->Header("a"), "b");
    EXPECT_EQ(response->body, "/api/x body");
  }
  EXPECT_EQ(client.Send({.target = "/y"})->status, 404);
  EXPECT_EQ(client.Send({.method = "HEAD"})->body, "");
  EXPECT_EQ(server->GetStats().connections, 1);
}

TEST(Client, OpensAgainWhatTheServerHasClosed) {
  ServerOptions options;
  options.idle_timeout = 10ms;
  const auto server = StartServer(
      [](const std::shared_ptr<Exchange>& e) {
        e->Respond({200, {}, "ok"});
      },
      options);
  Client client(UrlOf(*server));
  EXPECT_TRUE(client.Send({}).ok());
  while (server->GetStats().connections > 0) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(client.Send({}).ok());
}

TEST(Client, GivesStreamsPieceByPieceAndErrorsWhole) {
  const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
    const bool fine = exchange->request().path == "/api/";
    exchange->BeginStream(fine ? 200 : 400, {{"Content-Type", "text/event-stream"}});
    for (int i = 0; i < 50; ++i) exchange->Write(StrCat("data: ", i, "\n\n"));
    exchange->Finish();
  });
  Client client(UrlOf(*server));
  int events = 0;
  SseParser sse([&](const SseEvent& event) { EXPECT_EQ(event.data, StrCat(events++)); });
  const auto response = client.Send({}, [&](std::string_view bytes) { return sse.Feed(bytes); });
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(events, 50);
  EXPECT_EQ(response->body, "");
  const auto error = client.Send({.target = "/bad"}, [](std::string_view) { return false; });
  EXPECT_THAT(error->body, HasSubstr("data: 49"));
}

TEST(Client, FailsWithAReason) {
  const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path == "/api/silent") exchange->PostAfter(1h, [exchange] {});
    if (exchange->request().path == "/api/half") exchange->BeginStream(200, {});
    if (exchange->request().path == "/api/long")
      exchange->Respond({200, {}, std::string(2000, 'x')});
  });
  ClientOptions options;
  options.quiet_timeout = 30ms;
  options.body_bytes_max = 1000;
  Client client(UrlOf(*server), options);
  EXPECT_EQ(client.Send({.target = "/silent"}).status().code(), StatusCode::kDeadline);
  EXPECT_EQ(client.Send({.target = "/half"}).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(client.Send({.target = "/long"}).status().code(), StatusCode::kExhausted);
  EXPECT_EQ(
      client.Send({.target = "/long"}, [](std::string_view) { return false; }).status().code(),
      StatusCode::kCancelled);
  const Url nowhere{"127.0.0.1", 1, ""};
  EXPECT_THAT(Client(nowhere).Send({}).status().message(), HasSubstr("127.0.0.1:1"));
  EXPECT_EQ(Client({"no.such.host.invalid", 80, ""}).Send({}).status().code(),
            StatusCode::kUnavailable);
}

TEST(Client, IsCancelledFromAnotherThread) {
  const auto server = StartServer(
      [](std::shared_ptr<Exchange> exchange) { exchange->PostAfter(1h, [exchange] {}); });
  Client client(UrlOf(*server));
  std::jthread other([&] {
    while (server->GetStats().requests == 0) std::this_thread::sleep_for(1ms);
    client.Cancel();
  });
  EXPECT_EQ(client.Send({}).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(client.Send({}).status().code(), StatusCode::kCancelled);
}

// A server by hand: reads a request's head, sends `answer`, waits and closes.
void AnswerOnce(Listener& listener, std::string_view answer, Clock& clock, Duration wait) {
  const auto connection = *listener.Accept(TimePoint::max());
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    std::byte byte;
    if (!connection->ReadAll({&byte, 1}, TimePoint::max()).ok()) return;
    head.push_back(static_cast<char>(byte));
  }
  (void)connection->WriteAll(std::as_bytes(std::span(answer)), TimePoint::max());
  clock.SleepFor(wait);
}

// Wherever a connection breaks, the answer is whole or an error: never a part that looks whole.
TEST(ClientOverSimNetwork, ABrokenAnswerIsAnError) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  for (size_t cut = 0; cut <= answer.size(); ++cut) {
    ManualClock clock;
    SimNetwork network(cut, clock);
    network.SetLink("server", "client", {.segment_bytes = 7, .cut_at_byte = cut});
    const auto listener = *network.Host("server").Listen("server:80");
    RunInVirtualTime(clock, {[&] { AnswerOnce(*listener, answer, clock, 1s); },
                             [&] {
                               Client client({"server", 80, ""}, {}, network.Host("client"));
                               const auto response = client.Send({});
                               if (cut == answer.size()) {
                                 ASSERT_TRUE(response.ok()) << response.status().ToString();
                                 EXPECT_EQ(response->body, "hello world");
                                 return;
                               }
                               EXPECT_EQ(response.status().code(), StatusCode::kUnavailable) << cut;
                               EXPECT_THAT(response.status().message(), HasSubstr("server"));
                             }});
  }
}

TEST(ClientOverSimNetwork, WaitsForASilentServerAsLongAsItSays) {
  ManualClock clock;
  SimNetwork network(1, clock);
  const auto listener = *network.Host("server").Listen("server:80");
  RunInVirtualTime(clock, {[&] { AnswerOnce(*listener, "HTTP/1.1 200 OK\r\n", clock, 1h); },
                           [&] {
                             Client client({"server", 80, ""}, {}, network.Host("client"));
                             const auto response = client.Send({});
                             EXPECT_EQ(response.status().message(),
                                       "server is silent for 120000 ms");
                             EXPECT_GE(clock.Now(), TimePoint{} + 120s);
                             EXPECT_LT(clock.Now(), TimePoint{} + 121s);
                           }});
}

}  // namespace
}  // namespace pano::http
