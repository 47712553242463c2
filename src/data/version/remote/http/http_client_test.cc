#include "data/version/remote/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "data/version/remote/testing/loopback_server.h"

namespace pano::remote {
namespace {

using testing::HasSubstr;

ServedReply To(std::string location, int status = 302) {
  ServedReply reply;
  reply.status = status;
  reply.headers = {{"Location", std::move(location)}};
  reply.body = "see there";
  return reply;
}

HttpClient Following(int redirects) {
  HttpOptions options;
  options.redirects_max = redirects;
  return HttpClient(options);
}

HttpRequest Get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  return request;
}

TEST(HttpClient, ARedirectIsAnAnswerUnlessItIsFollowed) {
  LoopbackServer server([](const ServedRequest& request) {
    if (request.path == "/here") return To("/there");
    ServedReply reply;
    reply.body = "content";
    return reply;
  });
  HttpClient plain{HttpOptions()};
  EXPECT_EQ(plain.Perform(Get(server.url() + "/here"), {})->status, 302);
  HttpClient follows = Following(3);
  std::string streamed;
  const auto answer = follows.Perform(Get(server.url() + "/here"), {}, nullptr,
                                      [&](std::span<const std::byte> bytes) {
                                        streamed.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                                        return OkStatus();
                                      });
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(streamed, "content") << "not the redirect's own body";
}

TEST(HttpClient, CredentialsStayWithTheirOrigin) {
  Mutex mu;
  std::vector<std::string> seen;
  const auto note = [&](const ServedRequest& request) {
    MutexLock lock(mu);
    seen.push_back(StrCat(request.Header("authorization"), "|", request.Header("x-key"), "|", request.Header("range")));
  };
  LoopbackServer other([&](const ServedRequest& request) {
    note(request);
    return ServedReply();
  });
  LoopbackServer server([&](const ServedRequest& request) {
    note(request);
    return request.path == "/a" ? To("/b") : To(other.url() + "/c");
  });
  HttpClient client = Following(5);
  HttpRequest request = Get(server.url() + "/a");
  request.headers = {{"Authorization", "Bearer t"}, {"X-Key", "k"}, {"Range", "bytes=7-"}};
  ASSERT_TRUE(client.Perform(request, {}).ok());
  EXPECT_THAT(seen, testing::ElementsAre("Bearer t|k|bytes=7-", "Bearer t|k|bytes=7-", "||bytes=7-"));
}

TEST(HttpClient, ARedirectThatEndsNowhereIsRefused) {
  LoopbackServer server([](const ServedRequest& request) {
    if (request.path == "/circle") return To("/circle", 301);
    if (request.path == "/file") return To("file:///etc/passwd");
    if (request.path == "/silent") {
      ServedReply reply;
      reply.status = 307;
      return reply;
    }
    return To("http://[::bad/");
  });
  HttpClient client = Following(4);
  for (const char* path : {"/circle", "/file", "/silent", "/bad"}) {
    const auto answer = client.Perform(Get(server.url() + path), {});
    ASSERT_FALSE(answer.ok()) << path;
    EXPECT_EQ(answer.error().code(), StatusCode::kCorruption) << path;
    EXPECT_THAT(answer.error().message(), HasSubstr(path));
    EXPECT_THAT(answer.error().message(), HasSubstr("redirects"));
  }
}

TEST(HttpClient, HeadersAndBodiesAreBounded) {
  LoopbackServer server([](const ServedRequest& request) {
    ServedReply reply;
    if (request.path == "/headers")
      for (int i = 0; i < 100; ++i) reply.headers.emplace_back("X", std::string(1000, 'x'));
    else
      reply.body = std::string(5000, 'x');
    if (request.path == "/failure") reply.status = 500;
    return reply;
  });
  HttpOptions options;
  options.body_bytes_max = 4999;
  HttpClient client(options);
  EXPECT_EQ(client.Perform(Get(server.url() + "/headers"), {}).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(client.Perform(Get(server.url() + "/body"), {}).status().code(), StatusCode::kExhausted);
  EXPECT_EQ(client.Perform(Get(server.url() + "/failure"), {})->status, 500);
}

}  // namespace
}  // namespace pano::remote
