#include "pano/load/load_run.h"

#include <atomic>

#include <gtest/gtest.h>

#include "app/http/http.h"
#include "base/strings.h"
#include "pano/load/target_model.h"

namespace pano::load {
namespace {

// A server with OpenAI's routes that answers three tokens, and refuses every fourth request.
class FakeServer {
 public:
  FakeServer() {
    http::ServerOptions options;
    options.port = 0;
    server_ = std::move(http::Server::Start(options, [this](std::shared_ptr<http::Exchange> e) {
                Answer(*e);
              })).value();
  }
  http::Url url() const { return {"127.0.0.1", server_->port(), ""}; }
  std::atomic<int> completions = 0;

 private:
  void Answer(http::Exchange& exchange) {
    if (exchange.request().path == "/v1/models") {
      return exchange.Respond({200, {}, R"({"data":[{"id":"a"},{"id":"b","vocab_size":512}]})"});
    }
    if (completions++ % 4 == 3)
      return exchange.Respond({429, {}, R"({"error":{"message":"full"}})"});
    exchange.BeginStream(200, {{"Content-Type", "text/event-stream"}});
    for (int i = 0; i < 3; ++i) exchange.Write("data: {\"choices\":[{\"text\":\"x\"}]}\n\n");
    exchange.Write("data: [DONE]\n\n");
    exchange.Finish();
  }
  std::unique_ptr<http::Server> server_;
};

TEST(LoadRun, ClosedLoopSendsAll) {
  FakeServer server;
  RunOptions options;
  options.requests = 20;
  options.concurrency = 3;
  const RunResult result = SendAll(server.url(), {}, options, {});
  ASSERT_EQ(result.outcomes.size(), 20u);
  EXPECT_EQ(server.completions, 20);
  int64_t errors = 0, tokens = 0;
  for (const Outcome& outcome : result.outcomes) {
    outcome.status.ok() ? tokens += outcome.generated_tokens : ++errors;
  }
  EXPECT_EQ(errors, 5);
  EXPECT_EQ(tokens, 45);
}

TEST(LoadRun, OpenLoopKeepsItsRate) {
  FakeServer server;
  RunOptions options;
  options.requests = 20;
  options.rate = 400;
  int64_t last = -1;
  const RunResult result =
      SendAll(server.url(), {}, options, [&](int64_t done, int64_t) { last = done; });
  EXPECT_EQ(result.outcomes.size(), 20u);
  EXPECT_EQ(last, 20);
  EXPECT_GT(result.seconds, 0.01);
}

TEST(LoadRun, NobodyListensIsAnErrorPerRequest) {
  RunOptions options;
  options.requests = 3;
  for (const Outcome& outcome : SendAll({"127.0.0.1", 1, ""}, {}, options, {}).outcomes) {
    EXPECT_EQ(outcome.status.code(), StatusCode::kUnavailable);
  }
}

TEST(TargetModel, IsFoundOrTheFirst) {
  FakeServer server;
  http::Client client(server.url());
  EXPECT_EQ(FindTargetModel(client, "", "")->id, "a");
  EXPECT_EQ(FindTargetModel(client, "b", "")->vocab_size, 512);
  EXPECT_EQ(FindTargetModel(client, "unlisted", "")->id, "unlisted");
  http::Url nothing = server.url();
  nothing.path = "/elsewhere";
  http::Client other(nothing);
  EXPECT_EQ(FindTargetModel(other, "", "").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace pano::load
