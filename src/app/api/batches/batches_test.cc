#include "app/api/batches/batches.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "app/api/batches/batch_call.h"
#include "app/api/batches/dialect.h"
#include "app/api/batches/local_exchange.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/scoped_tokens.h"
#include "base/strings.h"

namespace pano::api::batches {
namespace {

using testing::At;

// A route that answers what it was asked, as another dialect's would.
Dialect EchoDialect() {
  Route echo{.method = "POST", .pattern = "/v1/completions", .access = Access::kCaller, .handler = {}, .operation_id = "echo"};
  echo.handler = [](Context&, const CallPtr& call) {
    if (call->body.Find("fail")) return call->Fail(BadField("fail", "as asked"));
    json::Value body;
    body.Set("said", call->body);
    body.Set("tenant", call->principal.tenant);
    body.Set("background", call->background);
    call->RespondJson(body);
  };
  return {.name = "echo", .routes = {echo}};
}

// The dialect over a store in a folder of its own, and callers "a" and "b".
class BatchesTest : public ::testing::Test {
 protected:
  BatchesTest() {
    std::string pattern = ::testing::TempDir() + "/api-batches-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    server_ = std::make_shared<BatchServer>(BatchStore::Open(folder_, {}).value(),
                                            BatchRunner::Options{.window = 2, .input = {}, .retry_min = std::chrono::milliseconds(1), .retry_max = std::chrono::milliseconds(5)});
    api_ = std::make_unique<testing::ApiHarness>(
        std::make_unique<testing::ScopedTokens>(std::map<std::string, std::string>{{"a", "models:*:predict"}, {"b", "admin"}}),
        std::vector<Dialect>{MakeDialect(server_), EchoDialect()});
    server_->Start(*api_->api, api_->clock);
  }
  ~BatchesTest() override {
    server_->Stop();
    api_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::shared_ptr<testing::FakeExchange> Send(std::string method, std::string path, std::string body = "",
                                              std::string caller = "a", std::string type = "") {
    http::Request request = testing::ApiHarness::MakeRequest(std::move(method), std::move(path), std::move(body));
    if (!type.empty()) std::erase_if(request.headers, [](const auto& header) { return header.first == "Content-Type"; });
    if (!type.empty()) request.headers.emplace_back("Content-Type", type);
    request.headers.emplace_back("X-Api-Key", std::move(caller));
    const bool kept = request.method == "POST" && request.path == "/v1/files";
    auto exchange = api_->Send(std::move(request));
    if (kept) {  // on the server's thread
      std::promise<void> done;
      server_->loop().Post([&done] { done.set_value(); });
      done.get_future().get();
      exchange->Run();
    }
    return exchange;
  }
  std::shared_ptr<testing::FakeExchange> Upload(std::string content, std::string purpose = "batch") {
    return Send("POST", "/v1/files",
                StrCat("--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n", purpose,
                       "\r\n--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n", content, "\r\n--X--\r\n"),
                "a", "multipart/form-data; boundary=X");
  }
  std::string Create(const std::string& file) {
    return StrCat(R"({"input_file_id":")", file, R"(","endpoint":"/v1/completions","completion_window":"24h","metadata":{"k":"v"}})");
  }
  json::Value Await(const std::string& id, std::string_view status) {
    json::Value batch;
    for (int i = 0; i < 2000; ++i) {
      batch = Send("GET", "/v1/batches/" + id)->json();
      if (At(batch, "status").as_string() == status) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(At(batch, "status"), status);
    return batch;
  }

  std::string folder_;
  BatchServerPtr server_;
  std::unique_ptr<testing::ApiHarness> api_;
};

constexpr char kLines[] =
    R"({"custom_id":"x","method":"POST","url":"/v1/completions","body":{"prompt":"one"}})" "\n"
    R"({"custom_id":"y","method":"POST","url":"/v1/completions","body":{"fail":1}})" "\n";

TEST_F(BatchesTest, FilesComeBackAsTheyWere) {
  auto uploaded = Upload("{}\n");
  ASSERT_EQ(uploaded->status(), 200) << uploaded->body();
  const std::string id = At(uploaded->json(), "id").as_string();
  EXPECT_EQ(At(uploaded->json(), "bytes"), 3);
  EXPECT_EQ(At(uploaded->json(), "filename"), "in.jsonl");
  EXPECT_EQ(At(uploaded->json(), "purpose"), "batch");
  EXPECT_EQ(Send("GET", "/v1/files/" + id)->json(), uploaded->json());
  EXPECT_EQ(Send("GET", "/v1/files/" + id + "/content")->body(), "{}\n");
  EXPECT_EQ(At(Send("GET", "/v1/files")->json(), "data/0/id"), id);
  // Another tenant's do not exist.
  EXPECT_EQ(Send("GET", "/v1/files/" + id, "", "b")->status(), 404);
  EXPECT_EQ(Send("GET", "/v1/files/" + id + "/content", "", "b")->status(), 404);
  EXPECT_EQ(Send("DELETE", "/v1/files/" + id, "", "b")->status(), 404);
  EXPECT_EQ(At(Send("GET", "/v1/files", "", "b")->json(), "data").as_array().size(), 0u);
  EXPECT_EQ(At(Send("DELETE", "/v1/files/" + id)->json(), "deleted"), true);
  EXPECT_EQ(Send("GET", "/v1/files/" + id)->status(), 404);
}

TEST_F(BatchesTest, AWrongUploadIsRefused) {
  EXPECT_EQ(Upload("x", "fine-tune")->status(), 400);
  EXPECT_EQ(Send("POST", "/v1/files", "{}")->status(), 415);
  EXPECT_EQ(Send("POST", "/v1/files", "nonsense", "a", "multipart/form-data; boundary=X")->status(), 400);
  EXPECT_EQ(Send("POST", "/v1/files", "--X--", "a", "multipart/form-data; boundary=X")->status(), 400);
  EXPECT_EQ(Send("GET", "/v1/files", "", "nobody")->status(), 401);
}

TEST_F(BatchesTest, LinesGoThroughTheApiAsTheirMaker) {
  const std::string file = At(Upload(kLines)->json(), "id").as_string();
  auto created = Send("POST", "/v1/batches", Create(file));
  ASSERT_EQ(created->status(), 200) << created->body();
  EXPECT_EQ(At(created->json(), "object"), "batch");
  EXPECT_EQ(At(created->json(), "status"), "validating");
  EXPECT_EQ(At(created->json(), "metadata/k"), "v");
  const std::string id = At(created->json(), "id").as_string();
  const json::Value done = Await(id, "completed");
  EXPECT_EQ(json::Dump(At(done, "request_counts")), R"({"total":2,"completed":1,"failed":1})");
  const std::string output = Send("GET", "/v1/files/" + At(done, "output_file_id").as_string() + "/content")->body();
  const json::Value line = json::Parse(output).value();
  EXPECT_EQ(At(line, "custom_id"), "x");
  EXPECT_EQ(At(line, "response/status_code"), 200);
  EXPECT_EQ(json::Dump(At(line, "response/body")), R"({"said":{"prompt":"one"},"tenant":"a","background":true})");
  EXPECT_TRUE(At(line, "error").is_null());
  const json::Value failed =
      json::Parse(Send("GET", "/v1/files/" + At(done, "error_file_id").as_string() + "/content")->body()).value();
  EXPECT_EQ(At(failed, "custom_id"), "y");
  EXPECT_EQ(At(failed, "response/status_code"), 400);
  EXPECT_EQ(At(failed, "response/body/error/message"), "as asked");
  EXPECT_EQ(Send("GET", "/v1/batches/" + id, "", "b")->status(), 404);
  EXPECT_EQ(At(Send("GET", "/v1/batches")->json(), "data/0/id"), id);
  // Without a body, as clients send it.
  EXPECT_EQ(At(Send("POST", "/v1/batches/" + id + "/cancel", "")->json(), "status"), "completed");
}

TEST_F(BatchesTest, AWrongBatchIsRefused) {
  const std::string file = At(Upload(kLines)->json(), "id").as_string();
  EXPECT_EQ(Send("POST", "/v1/batches", Create("file-nobody"))->status(), 404);
  EXPECT_EQ(Send("POST", "/v1/batches", Create(file), "b")->status(), 404);
  const auto with = [&](std::string more) { return Send("POST", "/v1/batches", StrCat(R"({"input_file_id":")", file, "\",", more, "}"))->body(); };
  EXPECT_NE(with(R"("endpoint":"/v1/images","completion_window":"24h")").find("'endpoint' must be one of"), std::string::npos);
  EXPECT_NE(with(R"("endpoint":"/v1/completions","completion_window":"soon")").find("completion_window"), std::string::npos);
  EXPECT_NE(with(R"("endpoint":"/v1/completions","completion_window":"24h","metadata":{"a":1})").find("metadata"), std::string::npos);
  EXPECT_NE(with(R"("endpoint":"/v1/completions")").find("completion_window"), std::string::npos);
  EXPECT_EQ(Send("GET", "/v1/batches?limit=0")->status(), 404);
  EXPECT_EQ(Send("POST", "/v1/batches/batch_x/cancel")->status(), 404);
}

TEST(BatchWindow, IsATime) {
  EXPECT_EQ(ParseWindow("24h").value(), 86'400);
  EXPECT_EQ(ParseWindow("90s").value(), 90);
  EXPECT_EQ(ParseWindow("7d").value(), 604'800);
  for (const char* wrong : {"", "h", "24", "0h", "-1h", "8d", "1.5h", "99999999h", "1w"}) EXPECT_FALSE(ParseWindow(wrong).ok()) << wrong;
}

TEST(Batches, WithoutAStateTheyAreRefusedByName) {
  testing::ApiHarness api({MakeDialect(nullptr)});
  auto exchange = api.Get("/v1/batches");
  EXPECT_EQ(exchange->status(), 501);
  EXPECT_EQ(At(exchange->json(), "error/code"), "no_state");
}

// The answer once, whatever happens.
TEST(LocalExchangeTest, IsAnsweredOnce) {
  auto loop = std::make_shared<TaskLoop>();
  std::vector<int> statuses;
  const auto make = [&] {
    return std::make_shared<LocalExchange>(http::Request(), loop, [&](http::Response response) { statuses.push_back(response.status); });
  };
  auto exchange = make();
  exchange->Respond(http::Response());
  exchange->Respond(http::Response());
  exchange->Close();
  exchange.reset();
  EXPECT_EQ(statuses, std::vector<int>{200});
  make();  // dropped
  EXPECT_EQ(statuses.back(), 0);
  exchange = make();
  std::atomic<bool> closed = false;
  exchange->OnClosed([&] { closed = true; });
  exchange->Close();
  for (int i = 0; i < 2000 && !closed; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(closed);
  EXPECT_EQ(statuses.back(), 499);
  exchange = make();
  exchange->BeginStream(200, {});
  EXPECT_EQ(statuses.back(), 400);
}

// Cancelling a batch on a full disk was a 429 with the path of the database.
TEST(BatchFailures, OfTheDiskNameNoPath) {
  const Status full = ForCaller(Status(StatusCode::kExhausted, "[batches] /srv/batches.db: disk is full").WithReason("disk_full"));
  EXPECT_EQ(full.code(), StatusCode::kUnavailable);
  EXPECT_EQ(full.reason(), "disk_full");
  EXPECT_EQ(full.message().find("/srv"), std::string::npos);
  for (const StatusCode code : {StatusCode::kCorruption, StatusCode::kUnavailable, StatusCode::kPermissionDenied, StatusCode::kInternal}) {
    const Status broken = ForCaller(Status(code, "[batches] /srv/batches.db: broken"));
    EXPECT_EQ(broken.code(), StatusCode::kUnavailable);
    EXPECT_EQ(broken.reason(), "store_failed");
    EXPECT_EQ(broken.message().find("/srv"), std::string::npos);
  }
  for (const Status& told : {Status(), NotFound("there is no batch"), InvalidArgument("in use").WithReason("file_in_use"),
                             Status(StatusCode::kExhausted, "many").WithReason("queue_full"),
                             Status(StatusCode::kUnavailable, "no room").WithReason("disk_full")}) {
    EXPECT_EQ(ForCaller(told).ToString(), told.ToString());
  }
}

}  // namespace
}  // namespace pano::api::batches
