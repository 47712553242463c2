#include "pano/chat/remote_backend.h"

#include <atomic>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/http/http.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "pano/chat/chat.h"
#include "pano/chat/testing/recording_console.h"

namespace pano::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kModels[] =
    R"({"data":[{"id":"vectors","task":"embedding"},{"id":"big","context_length":100},{"id":"small"}]})";

std::string Delta(std::string_view text, std::string_view key = "content") {
  json::Value delta;
  delta.Set(key, text);
  json::Value choice;
  choice.Set("delta", std::move(delta));
  json::Value event;
  event.Set("choices", json::Array{std::move(choice)});
  return StrCat("data: ", json::Dump(event), "\n\n");
}
constexpr char kDone[] =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"
    "data: [DONE]\n\n";

// A server whose answers a test writes. Its handlers run on the server's thread.
class FakeServer {
 public:
  using Answer = std::function<void(const std::shared_ptr<http::Exchange>&)>;

  FakeServer() {
    http::ServerOptions options;
    options.port = 0;
    server_ = std::move(http::Server::Start(options, [this](std::shared_ptr<http::Exchange> e) {
                Handle(e);
              })).value();
  }
  std::string url() const { return StrCat("http://127.0.0.1:", server_->port()); }

  void Stream(std::string body, bool cut = false) {
    SetAnswer([body = std::move(body), cut](const std::shared_ptr<http::Exchange>& e) {
      e->BeginStream(200, {{"Content-Type", "text/event-stream"}});
      e->Write(body);
      if (!cut) e->Finish();  // an exchange that is dropped breaks the stream off
    });
  }
  void Respond(int status, std::string body, http::Headers headers = {}) {
    SetAnswer([=](const std::shared_ptr<http::Exchange>& e) {
      e->Respond({status, headers, body});
    });
  }
  void SetAnswer(Answer answer) {
    MutexLock lock(mu_);
    answer_ = std::move(answer);
  }
  void SetModels(int status, std::string body) {
    MutexLock lock(mu_);
    models_ = {status, {}, std::move(body)};
  }
  json::Value LastBody() {
    MutexLock lock(mu_);
    return json::Parse(last_body_).value();
  }
  std::string LastAuthorization() {
    MutexLock lock(mu_);
    return last_authorization_;
  }
  std::atomic<bool> client_left = false;

 private:
  void Handle(const std::shared_ptr<http::Exchange>& e) {
    http::Exchange& exchange = *e;
    Answer answer;
    {
      MutexLock lock(mu_);
      last_authorization_ = exchange.request().Header("Authorization");
      if (exchange.request().path == "/v1/models") return exchange.Respond(models_);
      if (exchange.request().path != "/v1/chat/completions") return exchange.Respond({404, {}, ""});
      last_body_ = exchange.request().body;
      answer = answer_;
    }
    answer(e);
  }
  Mutex mu_;
  Answer answer_ PANO_GUARDED_BY(mu_);
  http::Response models_ PANO_GUARDED_BY(mu_) = {200, {}, kModels};
  std::string last_body_ PANO_GUARDED_BY(mu_), last_authorization_ PANO_GUARDED_BY(mu_);
  std::unique_ptr<http::Server> server_;
};

class Remote : public ::testing::Test {
 protected:
  Result<std::unique_ptr<RemoteBackend>> Connect(RemoteOptions options = {}) {
    if (options.url.empty()) options.url = server_.url();
    return RemoteBackend::Create(std::move(options));
  }
  // What a chat with the server says to one message: answers, then notes.
  std::string Say(std::string text = "hi", const std::stop_token& stop = {}) {
    auto backend = Connect();
    if (!backend.ok()) return backend.status().message();
    RecordingConsole console;
    Chat chat({**backend, console}, SettingValues());
    static_cast<void>(chat.Say(std::move(text), stop));
    return console.answers + console.notes;
  }
  FakeServer server_;
};

TEST_F(Remote, StreamsAnAnswer) {
  server_.Stream(": hello\n\n" + Delta("Hel") + Delta("lo 你") + kDone);
  auto backend = std::move(Connect({.url = server_.url() + "/v1/", .api_key = "secret"})).value();
  EXPECT_EQ(backend->model(), "big");  // not the encoder
  EXPECT_EQ(backend->context_max(), 100);
  RecordingConsole console;
  SettingValues settings;
  settings.sampling.temperature = 0.5;
  settings.sampling.stop = {"x"};
  settings.stats = "on";
  Chat chat({*backend, console}, settings);
  EXPECT_TRUE(chat.Say("hi", {}).ok());
  EXPECT_EQ(console.answers, "Hello 你\n");
  EXPECT_THAT(console.notes, HasSubstr("7 tokens read, 2 written"));
  EXPECT_EQ(json::Dump(server_.LastBody()),
            R"({"model":"big","messages":[{"role":"user","content":"hi"}],"stream":true,)"
            R"("stream_options":{"include_usage":true},"temperature":0.5,"stop":["x"]})");
  EXPECT_EQ(server_.LastAuthorization(), "Bearer secret");
}

TEST_F(Remote, ThinkingThatTheServerToldApart) {
  server_.Stream(Delta("hm", "reasoning_content") + Delta("so", "reasoning") + Delta("\n\nYes") + kDone);
  auto backend = std::move(Connect()).value();
  RecordingConsole console;
  Chat chat({*backend, console}, SettingValues());
  EXPECT_TRUE(chat.Say("hi", {}).ok());
  EXPECT_EQ(chat.conversation().messages().back(),
            (Message{Message::Role::kAssistant, "Yes", "hmso"}));
}

TEST_F(Remote, AHostileModelDoesNotReachTheTerminal) {
  server_.Stream(Delta("\x1b]0;owned\x07\x1b[2J \xc2\x9b" "31m \u202E") + kDone);
  const std::string said = Say();
  EXPECT_EQ(said, "\u241b]0;owned\u2407\u241b[2J \uFFFD31m \uFFFD\n");
  server_.Respond(500, R"({"error":{"message":"\u001b[2Jbad"}})");
  EXPECT_THAT(Say(), Not(HasSubstr("\x1b")));
  server_.Stream("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"\\u001b[2J\"}]}\n\n");
  EXPECT_THAT(Say(), Not(HasSubstr("\x1b")));
  server_.SetModels(200, R"({"data":[{"id":"\u001b[2Jm"}]})");
  server_.Stream(Delta("x") + kDone);
  auto backend = std::move(Connect()).value();
  RecordingConsole console;
  Chat chat({*backend, console}, SettingValues());
  EXPECT_TRUE(chat.Take("/model", {}));
  EXPECT_THAT(console.notes, Not(HasSubstr("\x1b")));
}

TEST_F(Remote, Refusals) {
  server_.Respond(401, R"({"error":{"message":"no key"}})");
  EXPECT_THAT(Say(), HasSubstr("the server wants a key (PANO_API_KEY, --api-key): no key"));
  server_.Respond(429, R"({"error":{"message":"slow down"}})", {{"Retry-After", "7"}});
  EXPECT_THAT(Say(), HasSubstr("HTTP 429: slow down (again after 7 s)"));
  server_.Respond(302, "", {{"Location", "http://evil.example/"}});
  EXPECT_THAT(Say(), HasSubstr("points to http://evil.example/"));
  server_.Respond(502, "<html>Bad gateway</html>");
  EXPECT_THAT(Say(), HasSubstr("[not answered: HTTP 502]"));
  server_.Respond(400, R"({"object":"error","message":"plain"})");
  EXPECT_THAT(Say(), HasSubstr("HTTP 400: plain"));
  for (const char* body :
       {R"({"error":{"message":"This model's maximum context length is 5 tokens"}})",
        R"({"error":{"message":"x","code":"context_length_exceeded"}})",
        R"({"error":{"message":"x","type":"exceed_context_size_error"}})"}) {
    server_.Respond(400, body);
    EXPECT_THAT(Say(), HasSubstr("/clear starts anew")) << body;
  }
}

TEST_F(Remote, BrokenStreams) {
  server_.Stream(Delta("half"), /*cut=*/true);
  EXPECT_THAT(Say(), HasSubstr("half\n[not answered: 127.0.0.1"));
  server_.Stream(Delta("half"));
  EXPECT_THAT(Say(), HasSubstr("stream ended before the answer did"));
  server_.Stream(Delta("half") + "data: {\"error\":{\"message\":\"out of memory\"}}\n\n");
  EXPECT_THAT(Say(), HasSubstr("half\n[not answered: out of memory"));
  server_.Stream("event: error\ndata: {\"message\":\"lost\"}\n\n");
  EXPECT_THAT(Say(), HasSubstr("lost"));
  server_.Stream("data: {\"choices\": nonsense\n\n");
  EXPECT_THAT(Say(), HasSubstr("an event that is no JSON object"));
  server_.Stream("data: 3\n\n");
  EXPECT_THAT(Say(), HasSubstr("an event that is no JSON object"));
  server_.Stream("data: " + std::string(5 << 20, 'x'));
  EXPECT_THAT(Say(), HasSubstr("too long"));
  server_.Stream("data: " + std::string(100'000, '[') + "\n\n");
  EXPECT_THAT(Say(), HasSubstr("no JSON object"));
  server_.Stream("");
  EXPECT_THAT(Say(), HasSubstr("ended before the answer did"));
  server_.Stream(
      "data: {\"choices\":[{\"delta\":\"x\"},3,null,{\"delta\":{\"content\":[1]}}],\"usage\":[]}\n\n"
      "data: {\"choices\":{},\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":1e300}}\n\n"
      "data: [DONE]\n\n");
  EXPECT_EQ(Say(), "");  // odd, but nothing that matters
}

TEST_F(Remote, AnswersThatAreNotStreamed) {
  server_.Respond(200, R"( {"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]})");
  EXPECT_EQ(Say(), "whole\n");
  server_.Respond(200, R"({"error":{"message":"no"}})");
  EXPECT_THAT(Say(), HasSubstr("not answered: no"));
  server_.Respond(200, "{");
  EXPECT_THAT(Say(), HasSubstr("no JSON"));
  server_.Respond(200, "<html>hello</html>");
  EXPECT_THAT(Say(), HasSubstr("ended before"));
}

TEST_F(Remote, AStopEndsTheCall) {
  std::stop_source stop;
  std::shared_ptr<http::Exchange> kept;
  server_.SetAnswer([&](const std::shared_ptr<http::Exchange>& e) {
    e->OnClosed([this] { server_.client_left = true; });
    e->BeginStream(200, {{"Content-Type", "text/event-stream"}});
    e->Write(Delta("half"));
    kept = e;
    stop.request_stop();
  });
  EXPECT_THAT(Say("hi", stop.get_token()), HasSubstr("[stopped"));
  for (int i = 0; i < 500 && !server_.client_left; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(server_.client_left);
}

TEST_F(Remote, Models) {
  auto backend = std::move(Connect()).value();
  EXPECT_THAT(*backend->ListModels(), ElementsAre("big", "small"));
  EXPECT_TRUE(backend->Use("small", {}).ok());
  EXPECT_EQ(backend->model(), "small");
  EXPECT_EQ(backend->context_max(), std::nullopt);
  EXPECT_EQ(backend->Use("absent", {}).code(), StatusCode::kNotFound);
  EXPECT_EQ(backend->model(), "small");
  EXPECT_EQ(backend->CountTokens(json::Array{json::Value(1)}).status().code(),
            StatusCode::kUnimplemented);
  EXPECT_EQ((*Connect({.model = "unlisted"}))->model(), "unlisted");

  server_.SetModels(404, "");
  EXPECT_THAT(Connect().status().message(), HasSubstr("--model"));
  EXPECT_EQ((*Connect({.model = "named"}))->model(), "named");
  server_.SetModels(200, R"({"data":[]})");
  EXPECT_THAT(Connect().status().message(), HasSubstr("no model that writes text"));
  server_.SetModels(200, "<html>");
  EXPECT_THAT(Connect().status().message(), HasSubstr("--url"));
  server_.SetModels(401, "");
  EXPECT_EQ(Connect().status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(Connect({.api_key = "x"}).status().message(), HasSubstr("does not take the key"));
}

TEST_F(Remote, Addresses) {
  EXPECT_EQ(Connect({.url = "http://127.0.0.1:1"}).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Connect({.url = "ftp://x"}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Connect({.url = "https://"}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Connect({.url = "https://user@host/"}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Connect({.api_key = "a\r\nX: y"}).status().code(), StatusCode::kInvalidArgument);
  // libcurl is there, and a server that speaks no TLS is said.
  const auto plain = Connect({.url = "https" + server_.url().substr(4)});
  EXPECT_EQ(plain.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(plain.status().message(), HasSubstr("https://127.0.0.1"));
}

}  // namespace
}  // namespace pano::chat
