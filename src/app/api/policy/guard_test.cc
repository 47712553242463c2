#include "app/api/policy/guard.h"

#include <gtest/gtest.h>

namespace pano::api {
namespace {

http::Request With(http::Headers headers) {
  http::Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(Guard, KnowsLoopbackHosts) {
  for (const char* host :
       {"localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.8.9.10", "::1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "127.evil.example.com", "127.0.0.1.evil.com", "127.0.0", "0.0.0.0",
                           "::", "128.0.0.1", "localhost.evil.com", "127.0.0.256"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(Guard, RefusesOtherNamesAndOrigins) {
  EXPECT_TRUE(CheckCaller({}, With({{"Host", "localhost:8080"}})).ok());
  EXPECT_TRUE(CheckCaller({}, With({{"Host", "[::1]:8080"}})).ok());
  EXPECT_TRUE(
      CheckCaller({}, With({{"Host", "localhost:8080"}, {"Origin", "http://localhost:8080"}}))
          .ok());
  EXPECT_TRUE(
      CheckCaller({}, With({{"Host", "localhost:80"}, {"Origin", "http://localhost"}})).ok());
  const http::Headers refused[] = {
      {},
      {{"Host", "evil.example"}},
      {{"Host", "[evil"}},
      {{"Host", "127.0.0.1.nip.io:8080"}},
      {{"Host", "localhost:8080"}, {"Origin", "https://evil.example"}},
      {{"Host", "localhost:8080"}, {"Origin", "http://localhost:3000"}},
      {{"Host", "localhost:8080"}, {"Origin", "null"}},
  };
  for (const http::Headers& headers : refused) {
    Failure failure = CheckCaller({}, With(headers));
    ASSERT_FALSE(failure.ok());
    EXPECT_EQ(failure.HttpStatus(), 403);
  }
}

TEST(Guard, TheOwnOriginGoesByTheTransport) {
  http::Request request = With({{"Host", "localhost:8443"}, {"Origin", "https://localhost:8443"}});
  EXPECT_FALSE(CheckCaller({}, request).ok());
  request.secure = true;
  EXPECT_TRUE(CheckCaller({}, request).ok());
  request.headers[1].second = "http://localhost:8443";
  EXPECT_FALSE(CheckCaller({}, request).ok());
}

TEST(Guard, OthersMayBeAllowed) {
  CallerPolicy policy{.hosts = {"host.docker.internal", "::ffff:1"},
                      .origins = {"http://localhost:3000", "null"}};
  auto fine = [&](std::string host, std::string origin) {
    return CheckCaller(policy, With({{"Host", host}, {"Origin", origin}})).ok();
  };
  EXPECT_TRUE(fine("Host.Docker.Internal:8080", ""));
  EXPECT_TRUE(fine("[::ffff:1]:8080", ""));
  EXPECT_TRUE(fine("localhost:8080", "http://LOCALHOST:3000"));
  EXPECT_TRUE(fine("localhost:8080", "null"));
  EXPECT_TRUE(fine("host.docker.internal", "https://host.docker.internal"));  // behind a TLS proxy
  EXPECT_FALSE(fine("localhost:8080", "http://localhost:3001"));
  EXPECT_FALSE(fine("localhost:8080", "https://localhost:8080"));
  EXPECT_FALSE(fine("docker.internal", ""));
  EXPECT_FALSE(fine("evil.host.docker.internal", ""));
  policy = {.hosts = {"*"}, .origins = {"*"}};
  EXPECT_TRUE(fine("anything", "https://anywhere"));
  // Elsewhere a key is what protects.
  policy = {.loopback = false};
  EXPECT_TRUE(fine("anything", "https://anywhere"));
}

TEST(Guard, ReadsAllowedHostsAndOrigins) {
  EXPECT_EQ(ParseAllowedHost("Host.Docker.Internal").value(), "host.docker.internal");
  EXPECT_EQ(ParseAllowedHost("[::1]").value(), "::1");
  EXPECT_EQ(ParseAllowedHost("*").value(), "*");
  for (const char* bad : {"", "a b", "host:8080", "http://host", "a/b", "*.example"}) {
    EXPECT_EQ(ParseAllowedHost(bad).error().code(), StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_EQ(ParseAllowedOrigin("HTTPS://Chat.Example:443").value(), "https://chat.example");
  EXPECT_EQ(ParseAllowedOrigin("http://localhost:3000").value(), "http://localhost:3000");
  EXPECT_EQ(ParseAllowedOrigin("app://obsidian.md").value(), "app://obsidian.md");
  for (const char* any : {"null", "*"}) EXPECT_EQ(ParseAllowedOrigin(any).value(), any);
  for (const char* bad : {"", "localhost", "http://", "http://a/", "://a", "http://a b", "https://*"}) {
    EXPECT_EQ(ParseAllowedOrigin(bad).error().code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST(Guard, PreflightsSayNothingToPagesThatMayNotCall) {
  http::Request request = With({{"Host", "localhost"},
                                {"Origin", "http://a"},
                                {"Access-Control-Request-Method", "POST"},
                                {"Access-Control-Request-Headers", "x-a, X-B"},
                                {"Access-Control-Request-Private-Network", "true"}});
  EXPECT_FALSE(IsPreflight(request));
  request.method = "OPTIONS";
  EXPECT_TRUE(IsPreflight(request));
  EXPECT_TRUE(PreflightResponse({}, request).headers.empty());
  EXPECT_TRUE(CrossOriginHeaders({}, request.Header("Origin")).empty());
  EXPECT_EQ(PreflightResponse({.origins = {"http://a"}}, request).headers.size(), 4u);
  request.headers[3].second = "x-a\x01";
  EXPECT_EQ(PreflightResponse({.origins = {"http://a"}}, request).headers.size(), 3u);
}

// --insecure does not take these checks away.
TEST(Guard, KeylessServersTakeNoPublicNames) {
  CallerPolicy policy{.loopback = false, .keyless = true};
  for (const char* host : {"192.168.1.5:8080", "10.0.0.1", "[fe80::1]:8080", "localhost:8080", "pano:8080",
                           "box.local:8080", "BOX.LOCAL."}) {
    EXPECT_TRUE(CheckCaller(policy, With({{"Host", host}})).ok()) << host;
    EXPECT_TRUE(CheckCaller(policy, With({{"Host", host}, {"Origin", std::string("http://") + host}})).ok())
        << host;
    EXPECT_FALSE(CheckCaller(policy, With({{"Host", host}, {"Origin", "https://evil.example"}})).ok()) << host;
    EXPECT_FALSE(CheckCaller(policy, With({{"Host", host}, {"Origin", "null"}})).ok()) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:8080", "10.0.0.1.nip.io", "local", "[evil"}) {
    const bool single_name = std::string_view(host) == "local";
    EXPECT_EQ(CheckCaller(policy, With({{"Host", host}})).ok(), single_name) << host;
  }
  policy.hosts = {"models.example"};
  policy.origins = {"https://chat.example"};
  EXPECT_TRUE(CheckCaller(policy, With({{"Host", "models.example"}, {"Origin", "https://chat.example"}})).ok());
}

TEST(Guard, NeedsJson) {
  EXPECT_TRUE(CheckJsonContentType(With({{"content-type", "application/json"}})).ok());
  EXPECT_TRUE(
      CheckJsonContentType(With({{"Content-Type", "Application/JSON; charset=utf-8"}})).ok());
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"}) {
    Failure failure = CheckJsonContentType(With({{"Content-Type", type}}));
    ASSERT_FALSE(failure.ok()) << type;
    EXPECT_EQ(failure.HttpStatus(), 415);
  }
}

}  // namespace
}  // namespace pano::api
