#include "data/version/remote/http/http_download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "data/version/remote/testing/loopback_server.h"

namespace pano::remote {
namespace {

using testing::HasSubstr;

// Distinct everywhere, so that two parts put together wrongly show.
std::string Content(char kind, size_t bytes) {
  std::string out;
  for (int i = 0; out.size() < bytes; ++i) out += StrCat(std::string(1, kind), i, ";");
  return out.substr(0, bytes);
}

// A server whose nth answer (from 0) a test changes, and what a caller of Download gets from it.
class DownloadTest : public ::testing::Test {
 protected:
  using Change = std::function<void(int n, const ServedRequest& request, ServedReply& reply)>;

  Status Run(std::string content, std::string etag, Change change, uint64_t offset = 0) {
    {
      MutexLock lock(mu_);
      ranges_.clear();
    }
    LoopbackServer server([&](const ServedRequest& request) {
      MutexLock lock(mu_);
      ServedReply reply = ServeObject(request, content, etag);
      if (change) change(static_cast<int>(ranges_.size()), request, reply);
      ranges_.push_back(request.Header("range"));
      return reply;
    });
    HttpClient client{HttpOptions()};
    RetryOptions retry;
    retry.attempts = 4;
    retry.delay_min = retry.delay_max = std::chrono::milliseconds(1);
    return Download(
        client, offset,
        [&](uint64_t at, std::span<const std::byte> bytes) -> Status {
          if (at == 0) got_.clear();
          EXPECT_EQ(at, offset > 0 && got_.empty() ? at : got_.size());
          got_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          return {};
        },
        [&](const std::vector<std::pair<std::string, std::string>>& headers) {
          HttpRequest request;
          request.url = server.url() + "/object?token=secret";
          request.headers = headers;
          return request;
        },
        [](const HttpAnswer& answer) { return StatusOfAnswer(answer, "object", ""); }, retry, Clock::Real(), {},
        [&](const HttpAnswer& head) { version_ = head.Header("etag"); });
  }

  // What the last Run asked for.
  std::vector<std::string> Ranges() {
    MutexLock lock(mu_);
    return ranges_;
  }

  Mutex mu_;
  std::vector<std::string> ranges_ PANO_GUARDED_BY(mu_);
  std::string got_, version_;
};

constexpr size_t kBytes = 50'000;

TEST_F(DownloadTest, ACutIsResumedWhereItBrokeOff) {
  const std::string content = Content('a', kBytes);
  const Status status = Run(content, "\"1\"", [](int n, const ServedRequest&, ServedReply& reply) {
    if (n < 3) reply.body_bytes_sent = 12'288;
  });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(got_, content);
  EXPECT_EQ(version_, "\"1\"");
  EXPECT_THAT(Ranges(), testing::ElementsAre("", "bytes=12288-", "bytes=24576-", "bytes=36864-"));
}

TEST_F(DownloadTest, AServerWithoutRangesBeginsAnewAndIsNotAskedForever) {
  const std::string content = Content('a', kBytes);
  int calls = 0;
  const auto cut = [&](int n, size_t bytes, ServedReply& reply) {
    calls = n + 1;
    reply.status = 200;
    reply.headers.clear();
    reply.body = content;
    reply.body_bytes_sent = bytes;
  };
  // Each other time a little more comes than the time before: that is no progress.
  Status status = Run(content, "", [&](int n, const ServedRequest&, ServedReply& reply) {
    cut(n, n % 2 == 0 ? 8'192 : 4'096, reply);
  });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_LE(calls, 8);
  status = Run(content, "", [&](int n, const ServedRequest&, ServedReply& reply) {
    cut(n, n < 2 ? 8'192 : SIZE_MAX, reply);
  });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(got_, content);
}

TEST_F(DownloadTest, AnObjectThatChangesIsReadAnew) {
  const std::string content = Content('a', kBytes), other = Content('b', kBytes);
  // If-Match is honoured (412), and ignored; the version is a strong ETag, a weak one, a date.
  for (const char* how : {"412", "strong", "weak", "date"}) {
    got_.clear();
    const auto name = [&](int version) {
      return std::string(how) == "weak" ? StrCat("W/\"", version, "\"") : StrCat("\"", version, "\"");
    };
    const Status status = Run("", "", [&](int n, const ServedRequest& request, ServedReply& reply) {
      ServedRequest asked = request;
      if (std::string(how) != "412") asked.headers.erase("if-match");
      reply = ServeObject(asked, n == 0 ? content : other, name(n == 0 ? 1 : 2));
      if (std::string(how) == "date") reply.headers[0] = {"Last-Modified", StrCat("Sun, 06 Nov 1994 08:49:3", n == 0 ? 1 : 2, " GMT")};
      if (n == 0) reply.body_bytes_sent = 20'480;
    });
    ASSERT_TRUE(status.ok()) << how << ": " << status.message();
    EXPECT_TRUE(got_ == other) << how << ": parts of two versions were put together";
    EXPECT_EQ(Ranges().size(), 3u) << how;
  }
}

TEST_F(DownloadTest, AnObjectThatNeverStandsStillIsRefused) {
  const std::string content = Content('a', kBytes);
  const Status status = Run("", "", [&](int n, const ServedRequest& request, ServedReply& reply) {
    reply = ServeObject(request, content, StrCat("\"", n, "\""));
    reply.body_bytes_sent = 4'096;
  });
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("changes all the time"));
  EXPECT_EQ(status.message().find("secret"), std::string::npos);
}

TEST_F(DownloadTest, ALengthThatLiesIsNoEnd) {
  const std::string content = Content('a', kBytes);
  // More is promised than ever comes.
  Status status = Run(content, "\"1\"", [](int, const ServedRequest&, ServedReply& reply) {
    reply.length = reply.body.size() + 100;
  });
  EXPECT_FALSE(status.ok());
  // A range that stops early, as servers may: what is left is asked for.
  status = Run(content, "\"1\"", [&](int n, const ServedRequest&, ServedReply& reply) {
    if (n == 0) reply.body_bytes_sent = 8'192;
    if (n == 1) reply.body.resize(10'000);
  });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(got_, content);
  EXPECT_THAT(Ranges(), testing::ElementsAre("", "bytes=8192-", "bytes=18192-"));
  // A range that holds more than there is.
  status = Run(content, "\"1\"", [&](int n, const ServedRequest&, ServedReply& reply) {
    if (n == 0) reply.body_bytes_sent = 8'192;
    if (n == 1) reply.body += "and more";
  });
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("more bytes"));
}

TEST_F(DownloadTest, AnotherRangeThanAskedIsRefused) {
  const std::string content = Content('a', kBytes);
  const Status status = Run(content, "\"1\"", [](int n, const ServedRequest&, ServedReply& reply) {
    if (n == 0) reply.body_bytes_sent = 8'192;
    if (n == 1) reply.headers = {{"Content-Range", "bytes 0-49999/50000"}};
  });
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("another range"));
}

TEST_F(DownloadTest, WhatIsAllThereIsNotAskedForAgain) {
  const std::string content = Content('a', 1000);
  EXPECT_TRUE(Run(content, "\"1\"", nullptr, 1000).ok());
  EXPECT_EQ(got_, "");
  // A part that is longer than the object is no part of it.
  ASSERT_TRUE(Run(content, "\"1\"", nullptr, 2000).ok());
  EXPECT_EQ(got_, content);
}

TEST_F(DownloadTest, AnEmptyObjectReplacesWhatCameBefore) {
  const Status status = Run("", "", [](int n, const ServedRequest&, ServedReply& reply) {
    reply = ServedReply();
    if (n > 0) return;
    reply.body = std::string(9'000, 'x');
    reply.body_bytes_sent = 4'096;
  });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(got_, "");
}

}  // namespace
}  // namespace pano::remote
