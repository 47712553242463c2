// A real server, over real sockets, with the public stories260K checkpoint and the starter model.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "app/http/client.h"
#include "app/http/sse.h"
#include "app/http/testing/raw_client.h"
#include "app/service/service.h"
#include "base/env.h"
#include "base/random.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/engine/engine.h"

namespace pano::service {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Service> Serve(const std::string& path, ServiceOptions options = {}) {
  options.models.push_back({"m", path});
  options.load.load.compute = nn::Compute::kF32;
  options.http.port = 0;
  options.threads = 2;
  Result<std::unique_ptr<Service>> service = Service::Start(std::move(options));
  EXPECT_TRUE(service.ok()) << service.error().message();
  return service.ok() ? std::move(service).value() : nullptr;
}

http::Client ClientOf(const Service& service) {
  return http::Client(http::ParseUrl(StrCat("127.0.0.1:", service.port())).value());
}

http::ClientRequest PostOf(std::string_view path, std::string body) {
  return {"POST", std::string(path), {{"Content-Type", "application/json"}}, std::move(body)};
}

json::Value PostJson(const Service& service, std::string_view path, std::string body) {
  http::Client client = ClientOf(service);
  Result<http::ClientResponse> response = client.Send(PostOf(path, std::move(body)));
  if (!response.ok()) return json::Value(response.error().message());
  return json::Parse(response->body).value_or(json::Value(response->body));
}

// The value at "choices/0/text"; null where there is none.
json::Value At(const json::Value& value, std::string_view path) {
  const json::Value* here = &value;
  for (std::string_view part : Split(path, '/')) {
    std::optional<int64_t> index = ParseInt(part);
    if (index && here->is_array() && static_cast<size_t>(*index) < here->as_array().size()) {
      here = &here->as_array()[static_cast<size_t>(*index)];
    } else {
      here = here->Find(part);
    }
    if (!here) return {};
  }
  return *here;
}

// The text that the events of a streamed answer add up to.
std::string StreamText(const Service& service, std::string_view path, std::string body) {
  std::string text;
  http::SseParser parser([&](const http::SseEvent& event) {
    json::Value data = json::Parse(event.data).value_or(json::Value());
    json::Value piece = event.event == "progress" ? At(data, "token") : At(data, "choices/0/text");
    if (piece.is_null()) piece = At(data, "choices/0/delta/content");
    if (piece.is_string()) text += piece.as_string();
  });
  http::Client client = ClientOf(service);
  Result<http::ClientResponse> response = client.Send(
      PostOf(path, std::move(body)), [&](std::string_view bytes) { return parser.Feed(bytes); });
  return response.ok() ? text : response.error().message();
}

engine::Stats StatsOf(const Service& service) { return service.models().List()[0]->EngineStats(); }

// Cancelled requests end within a step; this gives slow machines time for that step.
engine::Stats StatsWhenIdle(const Service& service) {
  engine::Stats stats;
  for (int i = 0; i < 1000; ++i) {
    stats = StatsOf(service);
    if (stats.kv_blocks.used == 0 && stats.serving.running_rows == 0 &&
        stats.serving.waiting_requests == 0) {
      break;
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  return stats;
}

// Many requests that sample at random, again and again until it goes.
class Crowd {
 public:
  Crowd(const Service& service, int size) {
    for (int i = 0; i < size; ++i) {
      threads_.emplace_back([this, &service, i] {
        http::Client client = ClientOf(service);
        for (int round = 0; !stop_; ++round) {
          std::string body =
              StrCat(R"({"inputs":"One day )", i, R"(","parameters":{"max_tokens":)",
                     20 + (i * 7 + round) % 60, R"(,"temperature":1,"seed":)", i, "}}");
          Result<http::ClientResponse> response =
              client.Send(PostOf("/v1/models/m/predict", std::move(body)));
          if (response.ok() && response->status == 200)
            ++answered_;
          else
            ++failed_;
        }
      });
    }
  }
  ~Crowd() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    EXPECT_GT(answered_, 0);
    EXPECT_EQ(failed_, 0);
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> failed_{0};
  std::vector<std::thread> threads_;
};

// A published model of the shared data.
class Stories : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string data = JoinPath(SharedFolder(PANO_SOURCE_DIR), "data");
    if (!IsDirectory(data)) GTEST_SKIP() << "no shared data: PANO_SHARED or ../shared";
    folder_ = JoinPath(data, "weights/stories260K");
    ASSERT_TRUE(IsDirectory(folder_)) << folder_ << " is missing from its set";
  }

  // Every API continues with the published text.
  void ExpectKnownText(const Service& service) {
    SharedAnswers known(PANO_SOURCE_DIR, "weights/stories260K/expected_greedy_200.txt");
    std::string expected = ReadFile(known.path()).value_or("");
    if (expected.ends_with('\n')) expected.pop_back();
    ASSERT_FALSE(expected.empty()) << known.path();
    constexpr std::string_view kGreedy = R"("max_tokens":200,"temperature":0)";
    std::string predict = StrCat(R"({"inputs":"","parameters":{)", kGreedy, "}");
    std::string completion = StrCat(R"({"model":"m","prompt":"",)", kGreedy);
    std::string chat = StrCat(R"({"messages":[{"role":"user","content":""}],)", kGreedy);
    json::Value answer = PostJson(service, "/v1/models/m/predict", predict + "}");
    EXPECT_EQ(At(answer, "outputs/0/text"), expected) << json::Dump(answer);
    EXPECT_EQ(At(answer, "outputs/0/finish_reason"), "length");
    EXPECT_EQ(At(answer, "usage/completion_tokens"), 200);
    EXPECT_EQ(StreamText(service, "/v1/models/m/predict", predict + R"(,"stream":true})"),
              expected);
    answer = PostJson(service, "/v1/completions", completion + "}");
    EXPECT_EQ(At(answer, "choices/0/text"), expected) << json::Dump(answer);
    EXPECT_EQ(StreamText(service, "/v1/completions", completion + R"(,"stream":true})"), expected);
    answer = PostJson(service, "/v1/chat/completions", chat + "}");
    EXPECT_EQ(At(answer, "choices/0/message/content"), expected) << json::Dump(answer);
    EXPECT_EQ(StreamText(service, "/v1/chat/completions", chat + R"(,"stream":true})"), expected);
    known.Compared(6 * expected.size());
  }

  std::string folder_;
};

TEST_F(Stories, ContinueAsKnownThroughEveryApi) {
  for (const char* form : {"/hf", "/stories260K-f32.gguf"}) {
    std::unique_ptr<Service> service = Serve(folder_ + form);
    ASSERT_TRUE(service);
    ExpectKnownText(*service);
  }
}

TEST_F(Stories, ContinueAsKnownAmong32OtherRequests) {
  std::unique_ptr<Service> service = Serve(folder_ + "/hf");
  ASSERT_TRUE(service);
  Crowd crowd(*service, 32);
  ExpectKnownText(*service);
}

// Too little memory for everybody: sequences are preempted, and nobody can tell from the text.
TEST_F(Stories, ContinueAsKnownWithScarceMemory) {
  ServiceOptions options;
  options.load.engine.kv_blocks = 20;
  options.load.engine.step_tokens_max = 24;
  std::unique_ptr<Service> service = Serve(folder_ + "/hf", std::move(options));
  ASSERT_TRUE(service);
  Crowd crowd(*service, 8);
  ExpectKnownText(*service);
}

// What evaluation harnesses send: the prompt scored, as ids and as text.
TEST_F(Stories, EchoScoresThePrompt) {
  std::unique_ptr<Service> service = Serve(folder_ + "/hf");
  ASSERT_TRUE(service);
  json::Value ids = PostJson(*service, "/v1/tokenize", R"({"text":"Once upon a time"})");
  std::string list = json::Dump(At(ids, "ids"));
  json::Value by_ids = PostJson(*service, "/v1/completions",
                                StrCat(R"({"prompt":[)", list,
                                       R"(],"max_tokens":1,"logprobs":1,)"
                                       R"("echo":true,"temperature":0,"seed":1234})"));
  json::Value logprobs = At(by_ids, "choices/0/logprobs");
  size_t count = At(ids, "ids").as_array().size();
  ASSERT_EQ(At(logprobs, "token_logprobs").as_array().size(), count + 1) << json::Dump(by_ids);
  EXPECT_TRUE(At(logprobs, "token_logprobs").as_array()[0].is_null());
  EXPECT_EQ(At(logprobs, "tokens").as_array().size(), count + 1);
  EXPECT_EQ(At(logprobs, "text_offset").as_array().size(), count + 1);
  for (size_t i = 1; i <= count; ++i) {
    EXPECT_LT(At(logprobs, "token_logprobs").as_array()[i].as_double(), 0);
    EXPECT_GE(At(logprobs, "top_logprobs").as_array()[i].as_object().size(), 1u);
  }
  json::Value by_text = PostJson(*service, "/v1/completions",
                                 R"({"prompt":"Once upon a time","max_tokens":1,"logprobs":1,)"
                                 R"("echo":true,"temperature":0})");
  EXPECT_EQ(At(by_text, "choices/0/logprobs"), logprobs);
  EXPECT_TRUE(At(by_text, "choices/0/text").as_string().starts_with("Once upon a time"));
  json::Value alone =
      PostJson(*service, "/v1/completions",
               R"({"prompt":"Once upon a time","max_tokens":0,"logprobs":1,"echo":true})");
  EXPECT_EQ(At(alone, "choices/0/text"), "Once upon a time") << json::Dump(alone);
  EXPECT_EQ(At(alone, "choices/0/logprobs/tokens").as_array().size(), count);
}

TEST_F(Stories, ContextOverflowAndUnknownModelsAreNamed) {
  std::unique_ptr<Service> service = Serve(folder_ + "/hf");
  ASSERT_TRUE(service);
  json::Value answer = PostJson(*service, "/v1/completions",
                                R"({"prompt":"a","max_tokens":600,"ignore_eos":true})");
  EXPECT_EQ(At(answer, "choices/0/finish_reason"), "length") << json::Dump(answer);
  EXPECT_EQ(At(answer, "usage/total_tokens"), 512);
  json::Value prompt{json::Array()};
  for (int i = 0; i < 600; ++i) prompt.Append(5);
  json::Value body;
  body.Set("prompt", std::move(prompt));
  answer = PostJson(*service, "/v1/completions", json::Dump(body));
  EXPECT_EQ(At(answer, "error/code"), "context_length_exceeded") << json::Dump(answer);
  answer = PostJson(*service, "/v1/completions", R"({"model":"gpt","prompt":"a"})");
  EXPECT_EQ(At(answer, "error/code"), "model_not_found");
  answer = PostJson(*service, "/v1/completions", R"({"prompt":[600]})");
  EXPECT_EQ(At(answer, "error/param"), "prompt") << json::Dump(answer);
}

TEST_F(Stories, MetricsTellWhatHappened) {
  std::unique_ptr<Service> service = Serve(folder_ + "/hf");
  ASSERT_TRUE(service);
  PostJson(*service, "/v1/completions",
           R"({"prompt":"Once upon a time","max_tokens":5,"temperature":0})");
  http::Client client = ClientOf(*service);
  ASSERT_TRUE(client.Send({"GET", "/secret/path/42"}).ok());
  std::string text = client.Send({"GET", "/metrics"})->body;
  for (const char* line : {"pano_requests_total{", "route=\"/v1/completions\"",
                           "pano_ttft_seconds_count{model=\"m\"} 1",
                           "pano_tokens_total{kind=\"generated\",model=\"m\"} 5", "pano_kv_blocks{",
                           "pano_build_info{", "code=\"404\""}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  EXPECT_EQ(text.find("secret"), std::string::npos);
}

// A client that stops reading is cancelled, and its memory is free.
TEST_F(Stories, AStreamThatNobodyReadsEnds) {
  ServiceOptions options;
  options.load.engine.slow_client_timeout = milliseconds(300);
  std::unique_ptr<Service> service = Serve(folder_ + "/hf", std::move(options));
  ASSERT_TRUE(service);
  http::testing::RawClient lazy(service->port());
  lazy.SetReceiveBuffer(4096);
  std::string body =
      R"({"inputs":"","parameters":{"n":16,"logprobs":20,"ignore_eos":true},"stream":true})";
  ASSERT_TRUE(
      lazy.Send(StrCat("POST /v1/models/m/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                       "application/json\r\nContent-Length: ",
                       body.size(), "\r\n\r\n", body)));
  for (int i = 0; i < 1000 && StatsOf(*service).serving.cancellations == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  engine::Stats stats = StatsWhenIdle(*service);
  EXPECT_GE(stats.serving.cancellations, 1);
  EXPECT_EQ(stats.kv_blocks.used, 0);
}

// One misbehaviour of a client, chosen by `random`.
void Misbehave(const Service& service, Random& random) {
  constexpr std::string_view kPaths[] = {"/v1/models/m/predict", "/v1/completions",
                                         "/v1/chat/completions"};
  const std::string good[] = {
      StrCat(R"({"inputs":["a","b"],"parameters":{"max_tokens":)", 1 + random.Below(100),
             R"(,"n":)", 1 + random.Below(3), R"(},"stream":)",
             random.Below(2) ? "true}" : "false}"),
      StrCat(R"({"prompt":["a","b"],"max_tokens":)", 1 + random.Below(100), R"(,"stream":)",
             random.Below(2) ? "true}" : "false}"),
      StrCat(R"({"messages":[{"role":"user","content":"hi"}],"logprobs":true,"max_tokens":99,)"
             R"("stream":)",
             random.Below(2) ? "true}" : "false}")};
  uint64_t which = random.Below(3);
  std::string body = good[which];
  if (random.Below(4) == 0) {  // a body that is damaged somewhere
    body[random.Below(body.size())] = static_cast<char>(random.Below(256));
  }
  std::string request = StrCat("POST ", kPaths[which],
                               " HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                               "application/json\r\nContent-Length: ",
                               body.size(), "\r\n\r\n", body);
  if (random.Below(8) == 0) request.resize(random.Below(request.size()));  // never complete
  if (random.Below(8) == 0)
    request[random.Below(request.size())] = static_cast<char>(random.Below(256));
  http::testing::RawClient client(service.port());
  client.Send(request);
  switch (random.Below(4)) {
    case 0:
      return client.Reset();
    case 1:
      return client.FinishSending();
    case 2:
      client.ReceiveUntil("HTTP/1.1");
      return client.Reset();
    default:
      std::this_thread::sleep_for(std::chrono::microseconds(random.Below(3000)));
  }
}

TEST_F(Stories, AThousandMisbehavingClientsLeaveNothingBehind) {
  ServiceOptions options;
  options.http.header_timeout = options.http.body_timeout = milliseconds(200);
  std::unique_ptr<Service> service = Serve(folder_ + "/hf", std::move(options));
  ASSERT_TRUE(service);
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Random random(i);
      for (int round = 0; round < 125; ++round) Misbehave(*service, random);
    });
  }
  for (std::thread& thread : threads) thread.join();
  engine::Stats stats = StatsWhenIdle(*service);
  EXPECT_EQ(stats.kv_blocks.used, 0);
  EXPECT_EQ(stats.serving.running_rows, 0);
  EXPECT_EQ(stats.kv_blocks.used + stats.kv_blocks.cached + stats.kv_blocks.free,
            stats.kv_blocks.total);
  EXPECT_GT(stats.serving.cancellations, 0);
  ExpectKnownText(*service);
  EXPECT_TRUE(service->Drain(milliseconds(5000)));
}

TEST_F(Stories, DrainLetsRunningStreamsEnd) {
  std::unique_ptr<Service> service = Serve(folder_ + "/hf");
  ASSERT_TRUE(service);
  std::atomic<bool> begun{false};
  std::string text;
  std::thread reader([&] {
    http::Client client = ClientOf(*service);
    Result<http::ClientResponse> response =
        client.Send(PostOf("/v1/completions",
                           R"({"prompt":"","max_tokens":500,"ignore_eos":true,"stream":true})"),
                    [&](std::string_view bytes) {
                      begun = true;
                      text += bytes;
                      return true;
                    });
    EXPECT_TRUE(response.ok());
  });
  while (!begun) std::this_thread::yield();
  EXPECT_TRUE(service->Drain(milliseconds(60'000)));
  reader.join();
  EXPECT_TRUE(text.ends_with("data: [DONE]\n\n"));
  EXPECT_NE(text.find(R"("finish_reason":"length")"), std::string::npos);
}

// The model that is committed: always there once it is.
TEST(Starter, AnswersAndStreams) {
  std::string folder = PANO_SOURCE_DIR "/models/starter";
  if (!FileExists(folder + "/config.json")) GTEST_SKIP() << "no " << folder;
  std::unique_ptr<Service> service = Serve(folder);
  ASSERT_TRUE(service);
  constexpr char kBody[] =
      R"({"inputs":"Once upon a time","parameters":{"max_tokens":40,"temperature":0})";
  json::Value answer = PostJson(*service, "/v1/models/m/predict", StrCat(kBody, "}"));
  ASSERT_TRUE(At(answer, "outputs/0/text").is_string()) << json::Dump(answer);
  EXPECT_GT(At(answer, "outputs/0/text").as_string().size(), 40u);
  EXPECT_EQ(StreamText(*service, "/v1/models/m/predict", StrCat(kBody, R"(,"stream":true})")),
            At(answer, "outputs/0/text").as_string());
}

TEST(Start, FailuresNameWhatIsWrong) {
  ServiceOptions options;
  options.models.push_back({"m", "/no/such/model"});
  Result<std::unique_ptr<Service>> service = Service::Start(std::move(options));
  ASSERT_FALSE(service.ok());
  EXPECT_NE(service.error().message().find("/no/such/model"), std::string::npos);
}

}  // namespace
}  // namespace pano::service
