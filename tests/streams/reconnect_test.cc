// Resumable streams over real sockets: connections are cut at random bytes, and no token is lost or
// doubled. The model is a paced one, so that what is tested is everything above a model.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "app/http/client.h"
#include "app/http/message/response_parser.h"
#include "app/http/sse.h"
#include "app/http/testing/raw_client.h"
#include "app/service/service.h"
#include "base/random.h"
#include "base/strings.h"
#include "tests/structured/schema_check.h"

namespace pano::service {
namespace {

using http::testing::RawClient;
using std::chrono::milliseconds;

std::unique_ptr<Service> Serve(std::string_view pace, ServiceOptions options = {}) {
  options.models.push_back({"m", std::string(pace)});
  options.http.port = 0;
  options.threads = 1;
  options.api.work.threads = 2;
  Result<std::unique_ptr<Service>> service = Service::Start(std::move(options));
  EXPECT_TRUE(service.ok()) << service.error().message();
  return service.ok() ? std::move(service).value() : nullptr;
}

struct Route {
  const char* path;
  const char* prompt;
  bool in_parameters;  // where max_tokens stands
};
constexpr Route kRoutes[] = {
    {"/v1/models/m/predict", R"("inputs":"x")", true},
    {"/v1/completions", R"("prompt":"x")", false},
    {"/v1/chat/completions", R"("messages":[{"role":"user","content":"x"}])", false},
};

std::string Post(const Route& route, std::string_view id, int tokens, std::string_view more = "") {
  const std::string limit = StrCat("\"max_tokens\":", tokens, more);
  const std::string body =
      StrCat("{", route.prompt, ",\"stream\":true,\"stream_options\":{\"resumable\":true},",
             route.in_parameters ? StrCat("\"parameters\":{", limit, "}") : limit, "}");
  return StrCat("POST ", route.path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Request-Id: ", id,
                "\r\nContent-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

std::string Get(std::string_view id, int64_t last, std::string_view method = "GET") {
  return StrCat(method, " /v1/streams/", id, " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n",
                last > 0 ? StrCat("Last-Event-ID: ", last, "\r\n") : "", "\r\n");
}

// The whole events of a stream so far, as a client keeps them that loses its connection now and then.
class Reassembly {
 public:
  // One connection: `request`, then `bytes` bytes of whatever comes, then it is cut. Whether the answer
  // was complete.
  bool ReadOnce(uint16_t port, const std::string& request, size_t bytes, bool reset) {
    RawClient client(port);
    if (!client.connected() || !client.Send(request)) {
      ADD_FAILURE() << "no connection";
      return false;
    }
    const std::string raw = client.ReceiveBytes(bytes);
    if (reset) client.Reset();
    http::ResponseParser parser(false);
    std::string_view left = raw;
    std::string body;
    while (!left.empty() && parser.state() < http::ResponseParser::State::kComplete) {
      left.remove_prefix(parser.Feed(left, body));
    }
    if (parser.state() >= http::ResponseParser::State::kBody && parser.head().status != 200) {
      ADD_FAILURE() << parser.head().status << " " << body;
      return false;
    }
    Keep(body);
    return parser.state() == http::ResponseParser::State::kComplete;
  }

  const std::string& bytes() const { return bytes_; }
  int64_t last() const { return last_; }
  // As if everything after event `id` had never come.
  void Forget(int64_t id) {
    size_t at = 0;
    for (int64_t i = 0; i < id; ++i) at = bytes_.find("\n\n", at) + 2;
    bytes_.resize(at);
    last_ = id;
  }

 private:
  void Keep(std::string_view body) {
    for (size_t end = body.find("\n\n"); end != std::string_view::npos; end = body.find("\n\n")) {
      const std::string_view event = body.substr(0, end + 2);
      body.remove_prefix(end + 2);
      if (event.starts_with(':')) continue;  // keeps the connection alive; no event
      const size_t at = event.find("id: ");
      ASSERT_TRUE(at == 0 || (at != std::string_view::npos && event[at - 1] == '\n')) << event;
      const std::string id(event.substr(at + 4, event.find('\n', at) - at - 4));
      ASSERT_EQ(id, StrCat(last_ + 1));
      last_ += 1;
      bytes_ += event;
    }
  }

  std::string bytes_;
  int64_t last_ = 0;
};

// " 0 1 2 ..." of all tokens in a stream's bytes, whatever its dialect.
std::string TextOf(const std::string& bytes) {
  std::string text;
  http::SseParser parser([&](const http::SseEvent& event) {
    const json::Value data = json::Parse(event.data).value_or(json::Value());
    const json::Value* piece = data.Find("token");
    if (const json::Value* choices = data.Find("choices"); choices && !choices->as_array().empty()) {
      const json::Value& choice = choices->as_array()[0];
      piece = choice.Find("text");
      if (const json::Value* delta = choice.Find("delta")) piece = delta->Find("content");
    }
    if (piece && piece->is_string()) text += piece->as_string();
  });
  EXPECT_TRUE(parser.Feed(bytes));
  return text;
}

std::string Words(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += StrCat(" ", i % 1000);  // as many words as there are
  return text;
}

constexpr size_t kWholeAnswer = 64 << 20;

TEST(Reconnect, AThousandTimesAtRandomBytes) {
  constexpr int kStreams = 40;
  constexpr int kReconnects = 25;  // of each: 1,000 in all
  constexpr int kTokens = 120;
  constexpr int kThreads = 8;
  ServiceOptions options;
  options.api.keep_alive = milliseconds(3);  // comments stand between the events now and then
  auto service = Serve("fake:2", std::move(options));
  ASSERT_TRUE(service);
  std::atomic<int> next{0}, reconnects{0}, after_end{0};
  auto work = [&] {
    for (int i = next++; i < kStreams; i = next++) {
      Random random(static_cast<uint64_t>(i) + 1);
      const Route& route = kRoutes[static_cast<size_t>(i) % std::size(kRoutes)];
      const std::string id = StrCat("stream-", i);
      Reassembly first, mine;
      std::jthread watching;
      // Of each fourth stream the first connection stays, beside the others.
      if (i % 4 == 0) {
        watching = std::jthread([&] {
          EXPECT_TRUE(first.ReadOnce(service->port(), Post(route, id, kTokens), kWholeAnswer, false));
        });
        while (true) {
          RawClient probe(service->port());
          probe.Send(Get(id, 0, "HEAD"));
          if (probe.Receive(true).status == 200) break;
        }
      } else {
        // Not before its head: until then a client does not know that the stream exists.
        mine.ReadOnce(service->port(), Post(route, id, kTokens), 400 + random.Below(4000), random.Below(2) == 0);
      }
      bool complete = false;
      for (int n = 0; n < kReconnects; ++n) {
        // Once all was read, some of it is thought lost: streams are kept after their end.
        if (complete) {
          mine.Forget(static_cast<int64_t>(random.Below(static_cast<uint64_t>(mine.last()) + 1)));
          ++after_end;
        }
        complete = mine.ReadOnce(service->port(), Get(id, mine.last()), random.Below(4000), random.Below(2) == 0);
        ++reconnects;
      }
      while (!complete) {
        complete = mine.ReadOnce(service->port(), Get(id, mine.last()), kWholeAnswer, false);
      }
      Reassembly whole;
      EXPECT_TRUE(whole.ReadOnce(service->port(), Get(id, 0), kWholeAnswer, false));
      EXPECT_EQ(mine.bytes(), whole.bytes()) << id;
      EXPECT_EQ(TextOf(mine.bytes()), Words(kTokens)) << id;
      if (watching.joinable()) {
        watching.join();
        EXPECT_EQ(mine.bytes(), first.bytes()) << id;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  }
  EXPECT_EQ(reconnects, kStreams * kReconnects);
  EXPECT_GT(after_end, 0);
  EXPECT_LT(after_end, reconnects / 2);  // most of them while the stream goes on
}

// Over the model's own pace and by readers of all speeds, while nobody waits for the slow ones.
TEST(Reconnect, SlowReadersHoldUpNobody) {
  constexpr int kTokens = 4000;
  auto service = Serve("fake:0");
  ASSERT_TRUE(service);
  RawClient slow(service->port());
  slow.SetReceiveBuffer(4096);
  ASSERT_TRUE(slow.Send(Post(kRoutes[0], "s", kTokens)));
  ASSERT_FALSE(slow.ReceiveBytes(300).empty());  // and then no more
  Reassembly fast;
  EXPECT_TRUE(fast.ReadOnce(service->port(), Get("s", 0), kWholeAnswer, false));
  EXPECT_EQ(TextOf(fast.bytes()), Words(kTokens));
  EXPECT_EQ(fast.last(), kTokens + 1);
}

// A grammar holds the answer whether anybody reads it or not: what is put together over lost connections
// has the bytes of the whole, the text of an answer that nobody interrupted, and is valid.
TEST(Reconnect, AnswersUnderASchemaAreWholeAndValid) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{"name":{"type":"string","maxLength":12},)"
      R"("tags":{"type":"array","items":{"enum":["red","green","blue"]},"minItems":2,"maxItems":4},)"
      R"("count":{"type":"integer","minimum":1,"maximum":999}},)"
      R"("required":["name","tags","count"],"additionalProperties":false})";
  const json::Value schema = json::Parse(kSchema).value();
  auto service = Serve(PANO_SOURCE_DIR "/models/starter");
  ASSERT_TRUE(service);
  int reconnects = 0;
  for (int i = 0; i < 12; ++i) {
    Random random(static_cast<uint64_t>(i) + 1);
    const Route& route = kRoutes[1 + i % 2];
    const std::string more =
        StrCat(",\"seed\":", i, ",\"temperature\":1,\"response_format\":{\"type\":\"json_schema\",",
               "\"json_schema\":{\"name\":\"s\",\"schema\":", kSchema, "}}");
    const std::string id = StrCat("held-", i);
    Reassembly mine, whole, alone;
    bool complete =
        mine.ReadOnce(service->port(), Post(route, id, 300, more), 400 + random.Below(600), random.Below(2) == 0);
    for (; !complete; ++reconnects) {
      complete = mine.ReadOnce(service->port(), Get(id, mine.last()), 300 + random.Below(1200), random.Below(2) == 0);
    }
    EXPECT_TRUE(whole.ReadOnce(service->port(), Get(id, 0), kWholeAnswer, false));
    EXPECT_EQ(mine.bytes(), whole.bytes()) << id;
    EXPECT_TRUE(alone.ReadOnce(service->port(), Post(route, StrCat("alone-", i), 300, more), kWholeAnswer, false));
    const std::string text = TextOf(mine.bytes());
    EXPECT_EQ(text, TextOf(alone.bytes())) << id;
    EXPECT_NE(mine.bytes().find("\"finish_reason\":\"stop\""), std::string::npos) << text;
    const Result<json::Value> value = json::Parse(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(structured::WhyInvalid(*value, schema), "") << text;
  }
  EXPECT_GT(reconnects, 12);
}

TEST(Reconnect, DrainingEndsStreamsThatNobodyReads) {
  auto service = Serve("fake:5");
  ASSERT_TRUE(service);
  Reassembly lost, live;
  lost.ReadOnce(service->port(), Post(kRoutes[0], "lost", 30000), 1000, true);
  RawClient reader(service->port());
  ASSERT_TRUE(reader.Send(Get("lost", 0)));
  ASSERT_FALSE(reader.ReceiveUntil("event: progress").empty());
  EXPECT_FALSE(service->Drain(milliseconds(50)));
  const std::string rest = reader.ReceiveAll();
  EXPECT_NE(rest.find("event: error"), std::string::npos);
  EXPECT_TRUE(rest.ends_with("0\r\n\r\n"));  // an end, not a broken connection
}

TEST(Reconnect, DestroyedWithStreamsUnderWay) {
  auto service = Serve("fake:1");
  ASSERT_TRUE(service);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(service->port()));
    clients.back()->Send(i % 2 == 0 ? Post(kRoutes[0], StrCat("s", i), 30000) : Get(StrCat("s", i - 1), 0));
    clients.back()->ReceiveBytes(200);
    if (i % 3 == 0) clients.back()->Close();
  }
  service.reset();
}

TEST(Reconnect, UnreadStreamsAreCancelled) {
  ServiceOptions options;
  options.api.streams.retention = milliseconds(300);
  auto service = Serve("fake:5", std::move(options));
  ASSERT_TRUE(service);
  Reassembly lost;
  lost.ReadOnce(service->port(), Post(kRoutes[1], "lost", 30000), 1000, false);
  const auto running = [&] { return service->models().List()[0]->EngineStats().serving.running_requests; };
  EXPECT_EQ(running(), 1);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (running() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(running(), 0);
}

}  // namespace
}  // namespace pano::service
