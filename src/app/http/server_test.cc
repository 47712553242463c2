#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/http/http.h"
#include "app/http/testing/both_transports.h"
#include "app/http/testing/raw_client.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using ::testing::StartsWith;

class ServerTest : public testing::BothTransports {};

std::unique_ptr<Server> StartServer(Handler handler, ServerOptions options = {}) {
  options.port = 0;
  options.tls = testing::BothTransports::tls();
  auto server = Server::Start(std::move(options), std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status().ToString();
  return std::move(server).value();
}

// "METHOD path body"
void Echo(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  exchange->Respond({200,
                     {{"Content-Type", "text/plain"}},
                     StrCat(request.method, ' ', request.path, ' ', request.body)});
}

std::string Get(std::string_view path, std::string_view more = "") {
  return StrCat("GET ", path, " HTTP/1.1\r\nHost: a\r\n", more, "\r\n");
}

// Keeps the exchanges that arrive, for a test to answer by hand.
class Inbox {
 public:
  Handler handler() {
    return [this](std::shared_ptr<Exchange> exchange) {
      std::lock_guard lock(mu_);
      exchanges_.push_back(std::move(exchange));
      changed_.notify_all();
    };
  }
  std::shared_ptr<Exchange> Take() {
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, 10s, [&] { return !exchanges_.empty(); })) return nullptr;
    auto exchange = exchanges_.front();
    exchanges_.erase(exchanges_.begin());
    return exchange;
  }
  size_t size() {
    std::lock_guard lock(mu_);
    return exchanges_.size();
  }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Exchange>> exchanges_;
};

// Fulfilled by a callback; waits at most 10 s.
class Signal {
 public:
  std::function<void()> Setter() {
    return [state = state_] { state->set_value(); };
  }
  bool Wait() { return future_.wait_for(10s) == std::future_status::ready; }
  bool IsSet() { return future_.wait_for(0s) == std::future_status::ready; }

 private:
  std::shared_ptr<std::promise<void>> state_ = std::make_shared<std::promise<void>>();
  std::future<void> future_ = state_->get_future();
};

TEST_P(ServerTest, AnswersAndKeepsTheConnection) {
  const auto server = StartServer(Echo);
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(StrCat("POST /a%20b?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n",
                                   "X-Request-Id: my-id\r\n\r\nhi")));
    const auto reply = client.Receive();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "POST /a b hi");
    EXPECT_EQ(reply.Header("x-request-id"), "my-id");
    EXPECT_THAT(reply.Header("date"), HasSubstr(" GMT"));
    EXPECT_EQ(reply.Header("server"), "");
    EXPECT_TRUE(reply.keep_alive);
  }
  EXPECT_EQ(server->GetStats().requests, 3);
  EXPECT_EQ(server->GetStats().connections, 1);
}

// What an answer's memory is accounted by goes when the answer has, or with the connection.
TEST_P(ServerTest, AnswersAreHeldUntilTheyHaveLeft) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  const auto held = std::make_shared<int>(0);
  const auto answer = [&](size_t bytes) {
    Response response{200, {}, std::string(bytes, 'x')};
    response.held = held;
    inbox.Take()->Respond(std::move(response));
  };
  const auto released = [&] {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (held.use_count() > 1 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return held.use_count() == 1;
  };
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/")));
  answer(32 << 20);
  ASSERT_FALSE(client.ReceiveBytes(1000).empty());
  EXPECT_EQ(held.use_count(), 2);
  while (held.use_count() > 1 && client.Discard() > 0) {
  }
  EXPECT_TRUE(released());
  RawClient gone(server->port());
  ASSERT_TRUE(gone.Send(Get("/")));
  answer(32 << 20);
  ASSERT_FALSE(gone.ReceiveBytes(1000).empty());
  EXPECT_EQ(held.use_count(), 2);
  gone.Reset();
  EXPECT_TRUE(released());
}

TEST_P(ServerTest, RequestHasPeerQueryAndMadeUpId) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  RawClient client(server->port());
  client.Send(Get("/m?a=1&b=%C3%A9", "X-Request-Id: bad id!\r\n"));
  const auto exchange = inbox.Take();
  ASSERT_TRUE(exchange);
  EXPECT_EQ(exchange->request().Query("b"), "é");
  EXPECT_THAT(exchange->request().peer, StartsWith("127.0.0.1:"));
  EXPECT_THAT(exchange->request().id, StartsWith("req-"));
  exchange->Respond({204, {}, ""});
  const auto reply = client.Receive();
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.Header("content-length"), "");
  EXPECT_EQ(reply.Header("x-request-id"), exchange->request().id);
}

TEST_P(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = StartServer([](std::shared_ptr<Exchange> exchange) {
    // The first answers last.
    const auto delay = exchange->request().path == "/0" ? 50ms : 1ms;
    exchange->PostAfter(delay, [exchange] { Echo(exchange); });
  });
  RawClient client(server->port());
  std::string all;
  for (int i = 0; i < 20; ++i) all.append(Get(StrCat('/', i)));
  client.Send(all);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Receive().body, StrCat("GET /", i, ' '));
}

TEST_P(ServerTest, ReadsChunkedBodiesAndAnswersExpect) {
  const auto server = StartServer(Echo);
  RawClient client(server->port());
  client.Send(
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.ReceiveUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  for (char c : std::string_view("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n")) {
    client.Send({&c, 1});
  }
  EXPECT_EQ(client.Receive().body, "POST /c abcdefg");
}

TEST_P(ServerTest, HeadHasLengthAndNoBody) {
  const auto server = StartServer(Echo);
  RawClient client(server->port());
  client.Send(StrCat("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n", Get("/g")));
  const auto head = client.Receive(/*is_head_request=*/true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), "8");
  EXPECT_EQ(client.Receive().body, "GET /g ");
}

TEST_P(ServerTest, Http10ClosesUnlessAskedToKeep) {
  const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path == "/stream") {
      exchange->BeginStream(200, {});
      exchange->Write("abc");
      exchange->Finish();
    } else {
      Echo(exchange);
    }
  });
  RawClient kept(server->port());
  kept.Send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto reply = kept.Receive();
  EXPECT_TRUE(reply.keep_alive);
  EXPECT_EQ(reply.Header("connection"), "keep-alive");
  kept.Send("GET /2 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(kept.Receive().Header("connection"), "close");
  EXPECT_TRUE(kept.ClosesSilently());
  RawClient stream(server->port());
  stream.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = stream.ReceiveAll();
  EXPECT_THAT(all, ::testing::EndsWith("\r\n\r\nabc"));
  EXPECT_THAT(all, Not(HasSubstr("chunked")));
}

TEST_P(ServerTest, TheHandlerMayCloseTheConnection) {
  const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
    exchange->BeginStream(200, {{"Connection", "close"}});
    exchange->Write("x");
    exchange->Finish();
  });
  RawClient client(server->port());
  client.Send(Get("/a") + Get("/b"));
  const auto reply = client.Receive();
  EXPECT_EQ(reply.body, "x");
  EXPECT_FALSE(reply.keep_alive);
  EXPECT_TRUE(client.ClosesSilently());
}

TEST_P(ServerTest, HalfClosedPeerStillGetsAnAnswerThatWasGivenAtOnce) {
  const auto server = StartServer(Echo);
  RawClient client(server->port());
  client.Send(Get("/x"));
  client.FinishSending();
  EXPECT_EQ(client.Receive().body, "GET /x ");
  EXPECT_TRUE(client.ClosesSilently());
}

TEST_P(ServerTest, StreamsChunksWhileTheyAreMade) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  RawClient client(server->port());
  client.Send(Get("/s"));
  const auto exchange = inbox.Take();
  ASSERT_TRUE(exchange);
  exchange->BeginStream(200, {{"Content-Type", "text/event-stream"}});
  const std::string head = client.ReceiveUntil("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_THAT(head, HasSubstr("X-Request-Id: "));
  for (int i = 0; i < 5; ++i) {
    Signal drained;
    exchange->OnDrained([set = drained.Setter(), once = std::make_shared<bool>(false)] {
      if (!std::exchange(*once, true)) set();
    });
    EXPECT_TRUE(exchange->Write(StrCat("piece", i)));
    EXPECT_EQ(client.ReceiveUntil("\r\n"
                                  "piece"),
              StrCat("6\r\npiece", i, "\r\n"));
    EXPECT_TRUE(drained.Wait());
    EXPECT_EQ(exchange->pending_bytes(), 0u);
  }
  exchange->Finish();
  EXPECT_EQ(client.ReceiveUntil("0\r\n\r\n"), "0\r\n\r\n");
  client.Send(Get("/again"));
  const auto next = inbox.Take();
  ASSERT_TRUE(next);
  next->Respond({200, {}, "ok"});
  EXPECT_EQ(client.Receive().body, "ok");
}

TEST_P(ServerTest, ManyThreadsMayWriteToManyStreams) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  constexpr int kStreams = 8;
  std::vector<std::unique_ptr<RawClient>> clients;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    clients.back()->Send(Get(StrCat('/', i)));
  }
  for (int i = 0; i < kStreams; ++i) {
    writers.emplace_back([exchange = inbox.Take()] {
      exchange->BeginStream(200, {});
      for (int k = 0; k < 200; ++k) exchange->Write(StrCat(exchange->request().path, ' '));
      exchange->Finish();
    });
  }
  for (int i = 0; i < kStreams; ++i) {
    const auto reply = clients[static_cast<size_t>(i)]->Receive();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body.size(), 600u);
    EXPECT_THAT(reply.body, StartsWith(StrCat('/', i, " /", i)));
  }
}

TEST_P(ServerTest, ReportsAPeerThatGoes) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  enum class Way { kClose, kHalfClose, kReset };
  for (const Way way : {Way::kClose, Way::kHalfClose, Way::kReset}) {
    for (const bool streaming : {false, true}) {
      RawClient client(server->port());
      // Part of a next request lies behind the first: it must not hide the end.
      client.Send(StrCat(Get("/x"), "GET /next HT"));
      const auto exchange = inbox.Take();
      ASSERT_TRUE(exchange);
      Signal closed;
      exchange->OnClosed(closed.Setter());
      if (streaming) {
        exchange->BeginStream(200, {});
        exchange->Write("first");
        client.ReceiveUntil("first");
      }
      EXPECT_FALSE(closed.IsSet());
      if (way == Way::kClose) client.Close();
      if (way == Way::kHalfClose) client.FinishSending();
      if (way == Way::kReset) client.Reset();
      EXPECT_TRUE(closed.Wait());
      EXPECT_FALSE(streaming && exchange->Write("more"));
      Signal late;
      exchange->OnClosed(late.Setter());
      EXPECT_TRUE(late.Wait());
      if (streaming) {
        exchange->Finish();
      } else {
        exchange->Respond({200, {}, "nobody hears"});
      }
    }
  }
}

TEST_P(ServerTest, NoticesAGoneOneBehindAFullPipeline) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  RawClient client(server->port());
  std::string many = Get("/first");
  while (many.size() < 100 << 10) many.append(Get("/later"));
  client.Send(many);  // what is not read fits the socket's buffers, else its end could not come
  client.FinishSending();
  const auto exchange = inbox.Take();
  ASSERT_TRUE(exchange);
  Signal closed;
  exchange->OnClosed(closed.Setter());
  EXPECT_TRUE(closed.Wait());
  exchange->Respond({200, {}, ""});
}

TEST_P(ServerTest, CompletedExchangesDoNotReportClosed) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  RawClient client(server->port());
  client.Send(Get("/x"));
  auto exchange = inbox.Take();
  ASSERT_TRUE(exchange);
  std::atomic<int> calls = 0;
  exchange->OnClosed([&] { ++calls; });
  exchange->PostAfter(1h, [&] { ++calls; });
  exchange->Respond({200, {}, "fine"});
  EXPECT_EQ(client.Receive().status, 200);
  client.Close();
  Signal posted;
  exchange->Post(posted.Setter());
  EXPECT_TRUE(posted.Wait());
  EXPECT_EQ(calls, 0);
}

TEST_P(ServerTest, ADroppedExchangeAnswers500) {
  const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path == "/stream") {
      exchange->BeginStream(200, {});
      exchange->Write("half");
    } else if (exchange->request().path == "/throw") {
      throw std::runtime_error("oops");
    }
  });
  for (const char* path : {"/drop", "/throw"}) {
    RawClient client(server->port());
    client.Send(Get(path, "X-Request-Id: abc\r\n"));
    const auto reply = client.Receive();
    EXPECT_EQ(reply.status, 500);
    EXPECT_THAT(reply.body, HasSubstr("\"request_id\":\"abc\""));
  }
  RawClient client(server->port());
  client.Send(Get("/stream"));
  const std::string all = client.ReceiveAll();
  EXPECT_THAT(all, HasSubstr("half"));
  EXPECT_THAT(all, Not(HasSubstr("0\r\n\r\n")));
}

// A reader that was too slow was reported as a mistake of the server's.
TEST_P(ServerTest, AStreamThatIsCutOffHasNoEndAndIsNoMistake) {
  std::mutex mu;
  std::vector<std::string> errors;
  SetLogSink([&](LogLevel level, std::string_view message) {
    std::lock_guard lock(mu);
    if (level == LogLevel::kError) errors.emplace_back(message);
  });
  {
    const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
      exchange->BeginStream(200, {});
      exchange->Write("half");
      exchange->CutOff();
    });
    RawClient client(server->port());
    client.Send(Get("/stream"));
    const std::string all = client.ReceiveAll();
    EXPECT_THAT(all, HasSubstr("half"));
    EXPECT_THAT(all, Not(HasSubstr("0\r\n\r\n")));
    EXPECT_TRUE(server->Drain(10s));
  }
  SetLogSink({});
  EXPECT_THAT(errors, ::testing::IsEmpty());
}

TEST_P(ServerTest, DrainLetsOpenExchangesEnd) {
  Inbox inbox;
  const auto server = StartServer(inbox.handler());
  RawClient idle(server->port());
  idle.Send(Get("/warm"));
  inbox.Take()->Respond({200, {}, ""});
  EXPECT_EQ(idle.Receive().status, 200);
  RawClient busy(server->port());
  busy.Send(Get("/busy"));
  const auto exchange = inbox.Take();
  EXPECT_FALSE(server->Drain(1ms));
  EXPECT_TRUE(idle.ClosesSilently());
  EXPECT_FALSE(RawClient(server->port()).connected());
  exchange->Respond({200, {}, "late"});
  const auto reply = busy.Receive();
  EXPECT_EQ(reply.body, "late");
  EXPECT_EQ(reply.Header("connection"), "close");
  EXPECT_TRUE(server->Drain(10s));
}

TEST_P(ServerTest, DrainGivesUpAtItsLimitOnTheServersClock) {
  ManualClock clock;
  Inbox inbox;
  ServerOptions options;
  options.port = 0;
  options.tls = tls();
  const auto server = std::move(Server::Start(options, inbox.handler(), {}, clock)).value();
  RawClient busy(server->port());
  busy.Send(Get("/busy"));
  const auto exchange = inbox.Take();
  ASSERT_TRUE(exchange);
  auto drained = std::async(std::launch::async, [&] { return server->Drain(30s); });
  clock.AwaitWaiters(1);
  clock.Advance(29s);
  EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);
  clock.AwaitWaiters(1);
  clock.Advance(1s);
  EXPECT_FALSE(drained.get());
  // The end of the last exchange ends a wait before its limit.
  auto again = std::async(std::launch::async, [&] { return server->Drain(30s); });
  clock.AwaitWaiters(1);
  exchange->Respond({200, {}, "late"});
  EXPECT_TRUE(again.get());
}

TEST_P(ServerTest, StoppingEndsOpenExchangesAndOutlivingThemIsFine) {
  Inbox inbox;
  auto server = StartServer(inbox.handler());
  RawClient client(server->port());
  client.Send(Get("/x"));
  const auto exchange = inbox.Take();
  Signal closed;
  exchange->OnClosed(closed.Setter());
  exchange->BeginStream(200, {});
  server.reset();
  EXPECT_TRUE(closed.IsSet());
  EXPECT_FALSE(exchange->Write("x"));
  Signal late;
  exchange->OnClosed(late.Setter());
  EXPECT_TRUE(late.IsSet());
  exchange->PostAfter(1ms, [] { FAIL(); });
  exchange->Finish();
}

TEST_P(ServerTest, SaysWhyItCannotListen) {
  const auto first = StartServer(Echo);
  ServerOptions options;
  options.port = first->port();
  const auto second = Server::Start(options, Echo);
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr(StrCat("127.0.0.1:", first->port())));
  options.host = "no such host";
  EXPECT_EQ(Server::Start(options, Echo).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Server::Start(ServerOptions{.threads = 0}, Echo).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_P(ServerTest, ListensOnNamesAndAllAddresses) {
  for (const char* host : {"localhost", "0.0.0.0", "127.0.0.1"}) {
    ServerOptions options;
    options.host = host;
    const auto server = StartServer(Echo, options);
    if (std::string_view(host) == "localhost")
      continue;  // may be ::1, which RawClient does not try
    RawClient client(server->port());
    client.Send(Get("/x"));
    EXPECT_EQ(client.Receive().status, 200) << host;
  }
  for (const char* host : {"::", "[::]"}) {
    ServerOptions options;
    options.host = host;
    options.port = 0;
    options.tls = tls();
    auto server = Server::Start(options, Echo);
    if (!server.ok()) GTEST_SKIP() << "no IPv6 here: " << server.status().message();
    RawClient client((*server)->port());
    client.Send(Get("/x"));
    EXPECT_EQ(client.Receive().status, 200) << host;
  }
}

// Peers that go at any point of a stream leave no connection behind and a server that answers.
TEST_P(ServerTest, RandomDisconnectsLeaveNothingBehind) {
  const auto server = StartServer([](const std::shared_ptr<Exchange>& exchange) {
    exchange->BeginStream(200, {});
    auto step = std::make_shared<std::function<void(int)>>();
    *step = [weak = std::weak_ptr(exchange), step_weak = std::weak_ptr(step)](int left) {
      const auto strong = weak.lock();
      const auto again = step_weak.lock();
      if (!strong) return;
      if (!strong->Write("some bytes of a token\n") || left == 0) return strong->Finish();
      strong->PostAfter(1ms, [strong, again, left] { (*again)(left - 1); });
    };
    (*step)(20);
  });
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    RawClient client(server->port());
    const std::string request = Get("/x");
    client.Send(request.substr(0, random.Below(2) ? request.size() : random.Below(request.size())));
    if (random.Below(2)) std::this_thread::sleep_for(std::chrono::microseconds(random.Below(3000)));
    random.Below(2) ? client.Reset() : client.Close();
  }
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (server->GetStats().connections > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(server->GetStats().connections, 0);
  RawClient client(server->port());
  client.Send(Get("/x"));
  EXPECT_EQ(client.Receive().status, 200);
}

INSTANTIATE_TEST_SUITE_P(Over, ServerTest, ::testing::Values("Tcp", "Tls"), testing::TransportName);

}  // namespace
}  // namespace pano::http
