#include "app/grpc/server.h"

#include <gtest/gtest.h>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/strings.h"

namespace pano::grpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kEcho[] = "/test.Service/Echo";
constexpr char kStream[] = "/test.Service/Stream";

::grpc::ByteBuffer Buffer(const std::string& text) {
  const ::grpc::Slice slice(text);
  return ::grpc::ByteBuffer(&slice, 1);
}

std::string Text(const ::grpc::ByteBuffer& buffer) {
  std::vector<::grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

// A server whose handler answers by what the message says, and a client of it. Calls of the handler come
// from the server's loop; the rest is the test's thread.
class GrpcServer : public ::testing::Test {
 protected:
  void StartServer(ServerOptions options = {}) {
    options.port = 0;
    Service service;
    service.methods = {{kEcho}, {kStream, /*streams=*/true}};
    service.handle = [this](std::shared_ptr<http::Exchange> exchange) { Handle(std::move(exchange)); };
    service.check_head = [](const http::Request& head, http::Server::Decide decide) -> http::Server::HeadVerdict {
      const std::string token(head.Header("authorization"));
      if (token.ends_with("later")) {
        std::thread([token, decide = std::move(decide)] { decide(Verdict(token)); }).detach();
        return {.later = true};
      }
      return {.refusal = Verdict(token)};
    };
    service.stream_error = [](std::string_view message, std::string_view id) { return StrCat("error ", id, ": ", message); };
    auto started = Server::Start(options, std::move(service));
    ASSERT_TRUE(started.ok()) << started.error().message();
    server_ = std::move(started).value();
    channel_ = ::grpc::CreateChannel(StrCat("127.0.0.1:", server_->port()), ::grpc::InsecureChannelCredentials());
    stub_ = std::make_unique<::grpc::GenericStub>(channel_);
  }

  static std::optional<http::Response> Verdict(std::string_view token) {
    if (!token.starts_with("bad")) return std::nullopt;
    return http::Response{401, {}, R"({"error":"no such token"})"};
  }

  void Handle(std::shared_ptr<http::Exchange> exchange) {
    const std::string body = exchange->TakeBody();
    {
      std::lock_guard lock(mu_);
      seen_.push_back(exchange->request());
    }
    if (body.starts_with("fail ")) {
      const int status = std::stoi(body.substr(5));
      return exchange->Respond({status, {{"Retry-After", "7"}, {kStreamIdHeader, "r1"}}, R"({"error":{"message":"no"}})"});
    }
    if (body == "hold") {
      exchange->OnClosed([this] { ++closed_; });
      std::lock_guard lock(mu_);
      return held_.push_back(std::move(exchange));
    }
    if (body == "drop") return;
    if (body.starts_with("pieces ")) {
      exchange->BeginStream(200, {});
      for (const char piece : body.substr(7)) exchange->Write(std::string(1, piece));
      return exchange->Finish();
    }
    exchange->Respond({200, {{"x-ratelimit-limit-requests", "9"}}, "echo " + body});
  }

  ::grpc::Status Unary(const char* method, const std::string& message, std::string* answer, ::grpc::ClientContext& context) {
    ::grpc::CompletionQueue queue;
    auto call = stub_->PrepareUnaryCall(&context, method, Buffer(message), &queue);
    call->StartCall();
    ::grpc::ByteBuffer response;
    ::grpc::Status status;
    call->Finish(&response, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (answer) *answer = Text(response);
    return status;
  }
  ::grpc::Status Unary(const char* method, const std::string& message, std::string* answer = nullptr) {
    ::grpc::ClientContext context;
    return Unary(method, message, answer, context);
  }

  // Sends the messages, and reads what comes until the end.
  ::grpc::Status Stream(const std::vector<std::string>& messages, std::vector<std::string>& answers) {
    ::grpc::ClientContext context;
    ::grpc::CompletionQueue queue;
    void* tag = nullptr;
    bool ok = false;
    auto call = stub_->PrepareCall(&context, kStream, &queue);
    call->StartCall(this);
    queue.Next(&tag, &ok);
    for (const std::string& message : messages) {
      call->Write(Buffer(message), this);
      queue.Next(&tag, &ok);
    }
    call->WritesDone(this);
    queue.Next(&tag, &ok);
    while (true) {
      ::grpc::ByteBuffer response;
      call->Read(&response, this);
      queue.Next(&tag, &ok);
      if (!ok) break;
      answers.push_back(Text(response));
    }
    ::grpc::Status status;
    call->Finish(&status, this);
    queue.Next(&tag, &ok);
    return status;
  }

  void WaitUntil(const std::function<bool()>& condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(2));
    EXPECT_TRUE(condition());
  }

  std::mutex mu_;
  std::vector<http::Request> seen_;
  std::vector<std::shared_ptr<http::Exchange>> held_;
  std::atomic<int> closed_{0};
  std::unique_ptr<Server> server_;
  std::shared_ptr<::grpc::Channel> channel_;
  std::unique_ptr<::grpc::GenericStub> stub_;
};

TEST_F(GrpcServer, ACallIsARequest) {
  StartServer();
  ::grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer secret");
  context.AddMetadata("x-request-id", "my-id");
  context.AddMetadata("host", "elsewhere");
  context.set_deadline(std::chrono::system_clock::now() + seconds(20));
  std::string answer;
  const ::grpc::Status status = Unary(kEcho, "hello", &answer, context);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answer, "echo hello");
  EXPECT_TRUE(context.GetServerInitialMetadata().contains("x-ratelimit-limit-requests"));
  EXPECT_EQ(context.GetServerTrailingMetadata().find("x-request-id")->second, "my-id");
  const http::Request& request = seen_.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, kEcho);
  EXPECT_EQ(request.Header("Authorization"), "Bearer secret");
  EXPECT_TRUE(request.Header("Host").starts_with("127.0.0.1:"));
  EXPECT_EQ(request.id, "my-id");
  EXPECT_TRUE(request.peer.starts_with("127.0.0.1:")) << request.peer;
  EXPECT_FALSE(request.secure);
  const std::string_view left = request.Header("grpc-timeout");
  EXPECT_TRUE(left.ends_with("m") && left.size() == 6) << left;   // 10000m to 20000m
}

TEST_F(GrpcServer, AFailureIsAStatus) {
  StartServer();
  ::grpc::ClientContext context;
  const ::grpc::Status status = Unary(kEcho, "fail 429", nullptr, context);
  EXPECT_EQ(status.error_code(), ::grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "no");
  EXPECT_EQ(context.GetServerTrailingMetadata().find("retry-after")->second, "7");
  EXPECT_EQ(Unary(kEcho, "fail 404").error_code(), ::grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Unary(kEcho, "drop").error_code(), ::grpc::StatusCode::INTERNAL);
  const ::grpc::Status unknown = Unary("/test.Service/Nothing", "x");
  EXPECT_EQ(unknown.error_code(), ::grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(unknown.error_message(), "there is no method '/test.Service/Nothing' here");
}

TEST_F(GrpcServer, ABadTokenIsRefusedBeforeTheMessageIsRead) {
  StartServer();
  for (const char* token : {"bad", "bad later"}) {
    ::grpc::ClientContext context;
    context.AddMetadata("authorization", token);
    const ::grpc::Status status = Unary(kEcho, "hello", nullptr, context);
    EXPECT_EQ(status.error_code(), ::grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(status.error_message(), "no such token");
    EXPECT_TRUE(seen_.empty());
  }
  ::grpc::ClientContext context;
  context.AddMetadata("authorization", "good later");
  EXPECT_TRUE(Unary(kEcho, "hello", nullptr, context).ok());
}

TEST_F(GrpcServer, AStreamAnswersEachMessage) {
  StartServer();
  std::vector<std::string> answers;
  const ::grpc::Status status = Stream({"a", "pieces xyz", "fail 404", "b"}, answers);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answers, (std::vector<std::string>{"echo a", "x", "y", "z", "error r1: no", "echo b"}));
  EXPECT_NE(seen_[0].id, seen_[1].id);
  answers.clear();
  EXPECT_EQ(Stream({"a", "fail 403", "b"}, answers).error_code(), ::grpc::StatusCode::PERMISSION_DENIED);
  answers.clear();
  EXPECT_TRUE(Stream({}, answers).ok());
}

TEST_F(GrpcServer, AStreamReadsOnOnlyWhileThereIsRoom) {
  ServerOptions options;
  options.requests_per_stream = 2;
  StartServer(options);
  std::vector<std::string> answers;
  std::jthread client([&] { Stream({"hold", "hold", "c", "d"}, answers); });
  WaitUntil([&] { std::lock_guard lock(mu_); return held_.size() == 2; });
  std::this_thread::sleep_for(milliseconds(30));
  {
    std::lock_guard lock(mu_);
    EXPECT_EQ(seen_.size(), 2u);
    held_[1]->Respond({200, {}, "second"});
    held_[0]->Respond({200, {}, "first"});
  }
  client.join();
  EXPECT_EQ(answers, (std::vector<std::string>{"second", "first", "echo c", "echo d"}));
  std::lock_guard lock(mu_);
  held_.clear();
}

TEST_F(GrpcServer, AClientThatGoesIsNoticed) {
  StartServer();
  ::grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + milliseconds(200));
  EXPECT_EQ(Unary(kEcho, "hold", nullptr, context).error_code(), ::grpc::StatusCode::DEADLINE_EXCEEDED);
  WaitUntil([&] { return closed_ == 1; });
  WaitUntil([&] { return server_->open_calls() == 0; });
  std::lock_guard lock(mu_);
  EXPECT_FALSE(held_[0]->Write("too late"));
  held_.clear();
}

TEST_F(GrpcServer, HasLimits) {
  ServerOptions options;
  options.message_bytes_max = 1000;
  options.message_bytes_total_max = 1500;
  options.calls_max = 2;
  StartServer(options);
  EXPECT_EQ(Unary(kEcho, std::string(1001, 'x')).error_code(), ::grpc::StatusCode::RESOURCE_EXHAUSTED);
  std::string answer;
  EXPECT_TRUE(Unary(kEcho, std::string(900, 'x'), &answer).ok());
  WaitUntil([&] { return server_->open_calls() == 0; });  // a call counts until its end was seen to
  std::vector<std::jthread> clients;
  for (int i = 0; i < 2; ++i) clients.emplace_back([this] { Unary(kEcho, "hold"); });
  WaitUntil([&] { std::lock_guard lock(mu_); return held_.size() == 2; });
  EXPECT_EQ(Unary(kEcho, "third").error_code(), ::grpc::StatusCode::UNAVAILABLE);
  std::lock_guard lock(mu_);
  for (auto& exchange : held_) exchange->Respond({200, {}, ""});
  held_.clear();
}

TEST_F(GrpcServer, ACompressedMessageIsRefused) {
  StartServer();
  ::grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  EXPECT_EQ(Unary(kEcho, std::string(10'000, 'x'), nullptr, context).error_code(), ::grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServer, AMessageThatDoesNotComeEndsTheCall) {
  ServerOptions options;
  options.read_timeout = milliseconds(50);
  StartServer(options);
  ::grpc::ClientContext context;
  ::grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  auto call = stub_->PrepareCall(&context, kEcho, &queue);
  call->StartCall(this);
  queue.Next(&tag, &ok);
  ::grpc::Status status;
  call->Finish(&status, this);
  queue.Next(&tag, &ok);
  EXPECT_EQ(status.error_code(), ::grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(status.error_message(), "the message did not come in time");
}

TEST_F(GrpcServer, DrainLetsCallsEndAndCancelsTheRest) {
  StartServer();
  std::jthread client([this] { Unary(kEcho, "hold"); });
  WaitUntil([&] { std::lock_guard lock(mu_); return held_.size() == 1; });
  EXPECT_FALSE(server_->Drain(milliseconds(50)));
  EXPECT_EQ(closed_, 1);
  EXPECT_EQ(server_->open_calls(), 0);
  client.join();
  std::lock_guard lock(mu_);
  held_.clear();
}

TEST_F(GrpcServer, AnAddressInUseIsSaidSo) {
  StartServer();
  ServerOptions options;
  options.port = server_->port();
  const auto second = Server::Start(options, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pano::grpc
