#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/http/http.h"
#include "app/http/testing/both_transports.h"
#include "app/http/testing/raw_client.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::RawClient;

class LimitsTest : public testing::BothTransports {};

void Echo(const std::shared_ptr<Exchange>& exchange) {
  exchange->Respond({200, {}, exchange->request().body});
}

std::unique_ptr<Server> StartServer(ServerOptions options, Handler handler = Echo) {
  options.port = 0;
  options.tls = testing::BothTransports::tls();
  auto server = Server::Start(std::move(options), std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status().ToString();
  return std::move(server).value();
}

ServerOptions Short() {
  ServerOptions options;
  options.header_bytes_max = 1000;
  options.body_bytes_max = 100;
  options.header_timeout = options.body_timeout = options.idle_timeout = 60ms;
  options.write_timeout = 200ms;
  return options;
}

std::string Post(std::string_view fields, std::string_view body = "") {
  return StrCat("POST / HTTP/1.1\r\nHost: a\r\n", fields, "\r\n\r\n", body);
}

struct Case {
  std::string request;
  int status;
};

TEST_P(LimitsTest, RefusesWithTheRightStatusAndCloses) {
  ServerOptions options = Short();
  options.header_timeout = options.body_timeout = options.idle_timeout = 10s;
  const auto server = StartServer(options);
  const std::string hundred(100, 'x');
  const std::vector<Case> cases = {
      {StrCat("GET / HTTP/1.1\r\nHost: a\r\nA: ", std::string(1000, 'a'), "\r\n\r\n"), 431},
      {StrCat("GET /", std::string(2000, 'a')), 431},
      {Post("Content-Length: 101"), 413},
      {Post("Content-Length: 999999999999"), 413},
      {Post("Transfer-Encoding: chunked", "65\r\n"), 413},
      {Post("Transfer-Encoding: chunked", StrCat("64\r\n", hundred, "\r\n1\r\nx\r\n")), 413},
      {Post("Content-Length: 99999999999999999999"), 400},
      {Post("Content-Length: -1"), 400},
      {Post("Content-Length: +1", "x"), 400},
      {Post("Content-Length: 1, 1", "x"), 400},
      {Post("Content-Length: 1\r\nContent-Length: 1", "x"), 400},
      {Post("Content-Length: 1\r\nContent-Length: 2", "xx"), 400},
      {Post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501},
      {Post("Transfer-Encoding: identity"), 501},
      {Post("Transfer-Encoding : chunked", "0\r\n\r\n"), 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {Post("Transfer-Encoding: chunked", "x\r\n"), 400},
      {Post("Transfer-Encoding: chunked", "1\nx\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked", "1\r\nxy"), 400},
      {Post("Transfer-Encoding: chunked", "fffffffffffffffff\r\n"), 400},
      {Post("Expect: something"), 417},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET example.com HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {std::string("GET /\0 HTTP/1.1\r\n\r\n", 19), 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nbad field: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
      {"\x16\x03\x01\x02\x01", 400},
  };
  int64_t refused = 0;
  for (const auto& [request, status] : cases) {
    RawClient client(server->port());
    client.Send(request);
    const auto reply = client.Receive();
    EXPECT_EQ(reply.status, status) << request << '\n' << reply.body;
    EXPECT_EQ(reply.Header("connection"), "close") << request;
    EXPECT_NE(reply.Header("x-request-id"), "") << request;
    EXPECT_THAT(reply.body, HasSubstr("\"error\"")) << request;
    EXPECT_TRUE(client.ClosesSilently()) << request;
    EXPECT_EQ(server->GetStats().refused, ++refused);
  }
  RawClient client(server->port());
  client.Send(Post("Content-Length: 100", hundred));
  EXPECT_EQ(client.Receive().body, hundred);
}

TEST_P(LimitsTest, ATooLongBodyIsAnsweredThoughThePeerStillSends) {
  const auto server = StartServer(Short());
  RawClient client(server->port());
  client.Send(Post("Content-Length: 3000000"));
  client.Send(std::string(3'000'000, 'x'));
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_P(LimitsTest, SlowHeadersAndBodiesAre408InTotalTime) {
  const auto server = StartServer(Short());
  for (const std::string& request :
       {std::string("GET / HTTP/1.1\r\nHost: "
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        Post("Content-Length: 90", std::string(60, 'x')),
        Post("Transfer-Encoding: chunked",
             "50\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")}) {
    RawClient client(server->port());
    for (char c : request) {  // a byte every few ms, which no pause betrays
      if (client.HasReply() || !client.Send({&c, 1})) break;
      std::this_thread::sleep_for(5ms);
    }
    const auto reply = client.Receive();
    EXPECT_EQ(reply.status, 408) << request;
    EXPECT_EQ(reply.Header("connection"), "close");
  }
}

// The 408 once lacked its body because the request before it had been a HEAD.
TEST_P(LimitsTest, ARefusalAfterHeadHasItsBody) {
  ServerOptions options = Short();
  options.idle_timeout = 10s;
  const auto server = StartServer(options);
  RawClient client(server->port());
  client.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.Receive(/*is_head_request=*/true).status, 200);
  client.Send("GET /");
  const auto reply = client.Receive();
  EXPECT_EQ(reply.status, 408);
  EXPECT_THAT(reply.body, HasSubstr("in time"));
}

// The timer of a head that came in parts is left to end: it says nothing of what comes after it.
TEST_P(LimitsTest, ATimerLeftFromAHeadCutsNothingShort) {
  ServerOptions options = Short();
  options.header_timeout = 300ms;
  options.idle_timeout = 10s;
  const auto server = StartServer(options);
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\n");
  std::this_thread::sleep_for(5ms);
  client.Send("Host: a\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 200);
  std::this_thread::sleep_for(2 * options.header_timeout);
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 200);
}

TEST_P(LimitsTest, IdleConnectionsAreClosedSilently) {
  const auto server = StartServer(Short());
  RawClient fresh(server->port());
  RawClient used(server->port());
  used.Send(Post("Content-Length: 1", "x"));
  EXPECT_EQ(used.Receive().status, 200);
  EXPECT_TRUE(used.ClosesSilently());
  EXPECT_TRUE(fresh.ClosesSilently());
}

TEST_P(LimitsTest, OneConnectionTooManyIs503) {
  ServerOptions options;
  options.connections_max = 2;
  const auto server = StartServer(options);
  {
    RawClient a(server->port());
    RawClient b(server->port());
    for (RawClient* client : {&a, &b}) {
      client->Send(Post("Content-Length: 1", "x"));
      EXPECT_EQ(client->Receive().status, 200);
    }
    RawClient c(server->port());
    const auto reply = c.Receive();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.Header("retry-after"), "1");
    EXPECT_TRUE(c.ClosesSilently());
  }
  while (server->GetStats().connections > 0) std::this_thread::sleep_for(1ms);
  RawClient d(server->port());
  d.Send(Post("Content-Length: 1", "x"));
  EXPECT_EQ(d.Receive().status, 200);
}

TEST_P(LimitsTest, APeerThatDoesNotReadIsClosed) {
  std::atomic<bool> closed = false;
  std::atomic<size_t> pending = 0;
  const auto server = StartServer(Short(), [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->OnClosed([&] { closed = true; });
    exchange->BeginStream(200, {});
    for (int i = 0; i < 200; ++i) exchange->Write(std::string(100'000, 'x'));
    pending = exchange->pending_bytes();
    // Held by its own timer, so that only the write timeout can end it.
    exchange->PostAfter(1h, [exchange] {});
  });
  RawClient client(server->port());
  client.SetReceiveBuffer(4096);
  client.Send(Post("Content-Length: 0"));
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!closed && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(closed);
  EXPECT_GT(pending, 10'000'000u);
}

// The system takes megabytes at once and asks for more when a third of them has gone, so readers far above
// the documented 64 KiB in each write_timeout were cut.
TEST_P(LimitsTest, ASlowReaderWithinTheRuleIsServed) {
  ServerOptions options;
  options.write_timeout = 1s;
  const auto server = StartServer(options, [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->Respond({200, {}, std::string(64 << 20, 'x')});
  });
  RawClient client(server->port());
  client.SetReceiveBuffer(32 << 10);
  client.Send(Post("Content-Length: 0"));
  const auto until = std::chrono::steady_clock::now() + 3s;
  size_t read = 0;
  while (std::chrono::steady_clock::now() < until) {
    const size_t n = client.Discard();
    ASSERT_GT(n, 0u) << "closed after " << read << " bytes";
    read += n;
    std::this_thread::sleep_for(20ms);   // at most 800 kB/s
  }
  EXPECT_EQ(server->GetStats().connections, 1);
}

// 100 callers without a key once had 420 MB of bodies read before they were told so.
TEST_P(LimitsTest, WhoMayNotSendABodyIsToldAtTheHead) {
  ServerOptions options;
  options.port = 0;
  const auto check = [](const Request& head, const Server::Decide&) -> Server::HeadVerdict {
    if (head.Header("x-key") == "right") return {};
    return {.refusal = Response{401, {}, StrCat("no: ", head.method, ' ', head.path, ' ', !head.id.empty())}};
  };
  options.tls = tls();
  auto server = Server::Start(options, Echo, {}, Clock::Real(), check);
  ASSERT_TRUE(server.ok());
  for (std::string_view fields :
       {"Content-Length: 4000000", "Transfer-Encoding: chunked", "Content-Length: 20\r\nExpect: 100-continue"}) {
    RawClient client((*server)->port());
    client.Send(Post(fields));   // and nothing of the body
    const auto reply = client.Receive();
    EXPECT_EQ(reply.status, 401) << fields;
    EXPECT_EQ(reply.body, "no: POST / true");
    EXPECT_FALSE(reply.keep_alive);
    EXPECT_TRUE(client.ClosesSilently());
  }
  RawClient client((*server)->port());
  const std::string body(100'000, 'x');
  client.Send(Post("X-Key: right\r\nContent-Length: 100000", body));
  EXPECT_EQ(client.Receive().body, body);
  client.Send(Post("Content-Length: 5", "small"));   // read anyway, so that the connection stays
  EXPECT_EQ(client.Receive().body, "small");
}

// While it was found out who sends it, a body was read whole.
TEST_P(LimitsTest, NothingIsReadBeforeTheHeadIsDecidedOn) {
  ServerOptions options;
  options.port = 0;
  options.tls = tls();
  options.body_timeout = 300ms;
  std::mutex mu;
  std::vector<Server::Decide> open;
  const auto check = [&](const Request&, Server::Decide decide) -> Server::HeadVerdict {
    std::lock_guard lock(mu);
    open.push_back(std::move(decide));
    return {.later = true};
  };
  auto server = Server::Start(options, Echo, {}, Clock::Real(), check);
  ASSERT_TRUE(server.ok());
  const auto decide = [&](std::optional<Response> refusal) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (true) {
      {
        std::lock_guard lock(mu);
        if (!open.empty()) {
          std::exchange(open, {}).front()(std::move(refusal));
          return;
        }
      }
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      std::this_thread::sleep_for(1ms);
    }
  };
  const std::string body(100'000, 'x');
  const std::string request = Post("Content-Length: 100000", body);
  {
    RawClient client((*server)->port());
    client.Send(request);
    decide(std::nullopt);
    EXPECT_EQ(client.Receive().body, body);
    client.Send(request);   // on the same connection
    decide(Response{401, {}, "no"});
    const auto reply = client.Receive();
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(reply.body, "no");
  }
  {
    RawClient client((*server)->port());
    client.Send(Post("Content-Length: 100000"));
    EXPECT_EQ(client.Receive().status, 408);   // nobody decides
  }
  decide(std::nullopt);   // too late: it is over
  {
    RawClient client((*server)->port());
    client.Send(Post("Content-Length: 100000"));
    client.Close();
    decide(std::nullopt);
  }
  EXPECT_TRUE((*server)->Drain(5s));
}

TEST_P(LimitsTest, BodiesTogetherAreBounded) {
  ServerOptions options;
  options.body_bytes_total_max = 300'000;
  std::mutex mu;
  std::vector<std::shared_ptr<Exchange>> held;
  const auto server = StartServer(options, [&](const std::shared_ptr<Exchange>& exchange) {
    std::lock_guard lock(mu);
    held.push_back(exchange);
  });
  const auto count = [&] {
    std::lock_guard lock(mu);
    return held.size();
  };
  const std::string body(120'000, 'x');
  const std::string request = Post("Content-Length: 120000", body);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < 2; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    clients.back()->Send(request);
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (count() <= i && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  }
  ASSERT_EQ(count(), 2u);
  RawClient third(server->port());
  third.Send(request);
  const auto refused = third.Receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("retry-after"), "1");
  // A body that was taken counts until it is released.
  EXPECT_EQ(held[0]->TakeBody(), body);
  EXPECT_EQ(held[0]->request().body, "");
  RawClient fourth(server->port());
  fourth.Send(request);
  EXPECT_EQ(fourth.Receive().status, 503);
  held[0]->ReleaseBody();
  RawClient fifth(server->port());
  fifth.Send(request);
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (count() < 3 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  ASSERT_EQ(count(), 3u);
  for (const auto& exchange : held) exchange->Respond({});
  EXPECT_EQ(fifth.Receive().status, 200);
  held.clear();
}

// bad_alloc in a callback of one connection once ended the process.
TEST_P(LimitsTest, ACallbackThatThrowsCostsItsConnectionOnly) {
  const auto server = StartServer({}, [&](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path == "/post") {
      exchange->Post([exchange] { throw std::bad_alloc(); });
    } else if (exchange->request().path == "/later") {
      exchange->PostAfter(1ms, [exchange] { throw std::bad_alloc(); });
    } else {
      exchange->Respond({200, {}, "fine"});
    }
  });
  RawClient other(server->port());
  for (std::string_view path : {"/post", "/later"}) {
    RawClient client(server->port());
    client.Send(StrCat("GET ", path, " HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_TRUE(client.ClosesSilently()) << path;
  }
  other.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(other.Receive().body, "fine");
}

TEST_P(LimitsTest, GarbageIsRefusedAndForgotten) {
  const auto server = StartServer(Short());
  const std::string valid = Post("Content-Length: 5\r\nAccept: */*", "hello");
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    std::string bytes;
    if (random.Below(2)) {
      for (uint64_t n = random.Below(300); n > 0; --n)
        bytes.push_back(static_cast<char>(random.Next()));
    } else {
      bytes = valid;
      for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
        bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
      }
    }
    RawClient client(server->port());
    client.Send(bytes);
    client.FinishSending();
    const std::string answer = client.ReceiveAll();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 ")) << "seed " << seed;
  }
  RawClient client(server->port());
  client.Send(valid);
  EXPECT_EQ(client.Receive().body, "hello");
}

INSTANTIATE_TEST_SUITE_P(Over, LimitsTest, ::testing::Values("Tcp", "Tls"), testing::TransportName);

}  // namespace
}  // namespace pano::http
