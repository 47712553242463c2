#include "pano/load/sender.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <span>
#include <thread>
#include <vector>

#include "app/http/http.h"
#include "app/http/request_text.h"
#include "base/clock.h"
#include "base/strings.h"
#include "base/transport.h"

namespace pano::load {
namespace {

constexpr std::string_view kAnswer =
    R"({"data":[{"embedding":"AAAA"}],"usage":{"prompt_tokens":7,"total_tokens":7}})";

class SenderTest : public ::testing::Test {
 protected:
  void Begin(uint16_t port, http::ClientOptions options = {}) {
    url_ = {"127.0.0.1", port, ""};
    sender_ = std::move(Sender::Create(url_, options, Dialect::kEmbeddings,
                                       [this](size_t index, Outcome outcome) { outcomes_[index] = std::move(outcome); }))
                  .value();
  }
  void Serve(http::Handler handler) {
    http::ServerOptions options;
    options.port = 0;
    server_ = std::move(http::Server::Start(options, std::move(handler))).value();
    Begin(server_->port());
  }
  void Send(size_t index, std::string body = "{}") {
    http::ClientRequest request;
    request.method = "POST";
    request.target = StrCat("/", index);
    request.body = std::move(body);
    sender_->Start(index, Clock::Real().Now(), http::FormatRequest(url_, request));
  }
  void WaitForAll() {
    const TimePoint until = Clock::Real().Now() + std::chrono::seconds(20);
    while (sender_->in_flight() > 0 && Clock::Real().Now() < until) {
      sender_->Poll(Clock::Real().Now() + std::chrono::milliseconds(20));
    }
  }

  http::Url url_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<Sender> sender_;
  std::map<size_t, Outcome> outcomes_;
};

TEST_F(SenderTest, AnswersBelongToTheirRequests) {
  Serve([](std::shared_ptr<http::Exchange> exchange) {
    const int64_t index = *ParseInt(exchange->request().path.substr(1));
    if (index % 3 == 2) return exchange->Respond({429, {{"Retry-After", "1"}}, R"({"error":{"message":"full"}})"});
    const std::string size = StrCat(R"("prompt_tokens":)", index);
    std::string body(kAnswer);
    body.replace(body.find(R"("prompt_tokens":7)"), 17, size);
    exchange->Respond({200, {}, body});
  });
  for (size_t round = 0; round < 3; ++round) {
    for (size_t i = 0; i < 40; ++i) Send(round * 40 + i);
    EXPECT_EQ(sender_->in_flight(), 40u);
    WaitForAll();
  }
  ASSERT_EQ(outcomes_.size(), 120u);
  for (const auto& [index, outcome] : outcomes_) {
    EXPECT_EQ(outcome.refused, index % 3 == 2);
    EXPECT_EQ(outcome.status.ok(), index % 3 != 2) << outcome.status.message();
    EXPECT_EQ(outcome.prompt_tokens, outcome.status.ok() ? static_cast<int64_t>(index) : 0);
    EXPECT_GT(outcome.e2e, 0);
  }
  EXPECT_EQ(server_->GetStats().connections, 40);  // kept from round to round
}

TEST_F(SenderTest, LargeBodiesGoInParts) {
  size_t received = 0;
  Serve([&](std::shared_ptr<http::Exchange> exchange) {
    received = exchange->request().body.size();
    exchange->Respond({200, {}, StrCat(kAnswer.substr(0, kAnswer.size() - 1), R"(,"x":")", std::string(3 << 20, 'x'), "\"}")});
  });
  Send(1, std::string(3 << 20, ' '));
  WaitForAll();
  EXPECT_EQ(received, size_t{3} << 20);
  EXPECT_TRUE(outcomes_[1].status.ok()) << outcomes_[1].status.message();
}

TEST_F(SenderTest, NobodyThereIsSaid) {
  Begin(1);
  Send(1);
  WaitForAll();
  EXPECT_EQ(outcomes_[1].status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(outcomes_[1].status.message().starts_with("cannot connect to 127.0.0.1:1")) << outcomes_[1].status.message();
  EXPECT_EQ(Sender::Create({"no-such-host.invalid", 80, ""}, {}, Dialect::kEmbeddings, {}).error().code(),
            StatusCode::kUnavailable);
}

// A name often stands for ::1 as well, where such a server does not listen.
TEST_F(SenderTest, ANameMayHaveAddressesWhereNobodyListens) {
  Serve([](std::shared_ptr<http::Exchange> exchange) { exchange->Respond({200, {}, std::string(kAnswer)}); });
  url_.host = "localhost";
  sender_ = std::move(Sender::Create(url_, {}, Dialect::kEmbeddings,
                                     [this](size_t index, Outcome outcome) { outcomes_[index] = std::move(outcome); }))
                .value();
  for (size_t i = 0; i < 3; ++i) Send(i);
  WaitForAll();
  ASSERT_EQ(outcomes_.size(), 3u);
  for (const auto& [index, outcome] : outcomes_) EXPECT_TRUE(outcome.status.ok()) << outcome.status.message();
}

// A peer that does what a server must not, one connection after the other.
class Peer {
 public:
  explicit Peer(std::vector<std::string> answers) {
    listener_ = std::move(Transport::Real().Listen("127.0.0.1:0")).value();
    thread_ = std::jthread([this, answers = std::move(answers)] {
      for (const std::string& answer : answers) {
        auto connection = listener_->Accept(TimePoint::max());
        if (!connection.ok()) return;
        std::array<std::byte, 4096> bytes;
        if (answer == "silence") {
          silent_.push_back(*std::move(connection));
          continue;
        }
        (void)(*connection)->ReadSome(bytes, TimePoint::max());
        (void)(*connection)->WriteAll(std::as_bytes(std::span(answer)), TimePoint::max());
      }
    });
  }
  uint16_t port() const {
    const std::string& address = listener_->address();
    return static_cast<uint16_t>(*ParseInt(address.substr(address.rfind(':') + 1)));
  }

 private:
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Connection>> silent_;
  std::jthread thread_;
};

std::string Whole(std::string_view body) {
  return StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

TEST_F(SenderTest, AKeptConnectionThatWasClosedIsReplaced) {
  Peer peer({Whole(kAnswer), Whole(kAnswer)});  // each closes without having said so
  Begin(peer.port());
  for (size_t i = 0; i < 2; ++i) {
    Send(i);
    WaitForAll();
    EXPECT_TRUE(outcomes_[i].status.ok()) << outcomes_[i].status.message();
  }
}

TEST_F(SenderTest, BrokenAnswersAreErrors) {
  Peer peer({Whole(kAnswer).substr(0, 60), "nonsense\r\n\r\n", ""});
  Begin(peer.port());
  for (size_t i = 0; i < 3; ++i) {
    Send(i);
    WaitForAll();
    EXPECT_FALSE(outcomes_[i].status.ok()) << i;
    EXPECT_FALSE(outcomes_[i].refused);
  }
  EXPECT_EQ(outcomes_[1].status.code(), StatusCode::kCorruption);
}

TEST_F(SenderTest, SilenceEnds) {
  Peer peer({"silence"});
  http::ClientOptions options;
  options.quiet_timeout = std::chrono::milliseconds(50);
  Begin(peer.port(), options);
  Send(1);
  WaitForAll();
  EXPECT_EQ(outcomes_[1].status.code(), StatusCode::kDeadline);
}

}  // namespace
}  // namespace pano::load
