#include "app/auth/bearer/document_fetcher.h"

#include <gtest/gtest.h>

#include <thread>

#include "app/http/http.h"
#include "base/clock.h"
#include "base/strings.h"

namespace pano::bearer {
namespace {

// A server on loopback that answers every GET as the test says.
struct Peer {
  explicit Peer(http::Handler handler) {
    http::ServerOptions options;
    options.port = 0;
    options.threads = 1;
    server = std::move(http::Server::Start(options, std::move(handler))).value();
  }
  std::string url() const { return StrCat("http://127.0.0.1:", server->port(), "/keys"); }
  std::unique_ptr<http::Server> server;
};

http::Handler Answers(http::Response response) {
  return [response](const std::shared_ptr<http::Exchange>& exchange) { exchange->Respond(response); };
}

Result<FetchedDocument> Get(const std::string& url, size_t bytes_max = 1000, FetchLimits limits = {}) {
  return MakeHttpFetcher(limits)->Get(url, bytes_max, {});
}

TEST(DocumentFetcher, GetsTheBodyAndItsAge) {
  const Peer peer(Answers({200, {{"Cache-Control", "public, max-age=300"}, {"Age", "100"}}, "text"}));
  Result<FetchedDocument> document = Get(peer.url());
  ASSERT_TRUE(document.ok()) << document.error().message();
  EXPECT_EQ(document->body, "text");
  EXPECT_EQ(document->max_age, std::chrono::seconds(200));
  EXPECT_EQ(Get(Peer(Answers({200, {{"Cache-Control", "no-cache, max-age=5"}}, "x"})).url())->max_age, std::chrono::seconds(0));
  EXPECT_EQ(Get(Peer(Answers({200, {{"Cache-Control", "max-age=x"}}, "x"})).url())->max_age, std::nullopt);
  EXPECT_EQ(Get(Peer(Answers({200, {}, "x"})).url())->max_age, std::nullopt);
}

TEST(DocumentFetcher, AnswersOtherThan200AreFailures) {
  EXPECT_EQ(Get(Peer(Answers({404, {}, "x"})).url()).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(Get(Peer(Answers({500, {}, "x"})).url()).error().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Get(Peer(Answers({204, {}, ""})).url()).error().code(), StatusCode::kUnavailable);
}

TEST(DocumentFetcher, FollowsNoRedirect) {
  std::atomic<int> asked = 0;
  const Peer target([&](const std::shared_ptr<http::Exchange>& exchange) {
    ++asked;
    exchange->Respond({200, {}, "x"});
  });
  EXPECT_FALSE(Get(Peer(Answers({302, {{"Location", target.url()}}, ""})).url()).ok());
  EXPECT_EQ(asked, 0);
}

TEST(DocumentFetcher, TakesNoMoreThanItIsTold) {
  const Peer peer(Answers({200, {}, std::string(1001, 'x')}));
  EXPECT_EQ(Get(peer.url(), 1000).error().code(), StatusCode::kExhausted);
  EXPECT_TRUE(Get(peer.url(), 1001).ok());
}

TEST(DocumentFetcher, WaitsNoLongerThanItIsTold) {
  std::shared_ptr<http::Exchange> kept;
  const Peer peer([&](std::shared_ptr<http::Exchange> exchange) { kept = std::move(exchange); });
  const TimePoint begun = Clock::Real().Now();
  Result<FetchedDocument> document =
      Get(peer.url(), 1000, {std::chrono::milliseconds(200), std::chrono::milliseconds(200)});
  EXPECT_EQ(document.error().code(), StatusCode::kDeadline);
  EXPECT_LT(Clock::Real().Now() - begun, std::chrono::seconds(3));
}

TEST(DocumentFetcher, ACloserThatIsNotThereIsUnavailable) {
  std::string url;
  { url = Peer(Answers({200, {}, "x"})).url(); }   // its port is free again
  EXPECT_EQ(Get(url).error().code(), StatusCode::kUnavailable);
}

TEST(DocumentFetcher, AsksNobodyButTheAllowed) {
  for (const char* url : {"http://issuer.example/keys", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", ""}) {
    EXPECT_EQ(Get(url).error().code(), StatusCode::kInvalidArgument) << url;
  }
}

// A server without TLS under an https URL: the certificate cannot be checked, so nothing is read.
TEST(DocumentFetcher, HttpsIsSpokenAsSuch) {
  const Peer peer(Answers({200, {}, "x"}));
  std::string url = peer.url();
  url.replace(0, 4, "https");
  EXPECT_EQ(Get(url).error().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pano::bearer
