#include "app/api/guard.h"

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
  EXPECT_TRUE(CheckLoopbackCaller(With({{"Host", "localhost:8080"}})).ok());
  EXPECT_TRUE(CheckLoopbackCaller(With({{"Host", "[::1]:8080"}})).ok());
  EXPECT_TRUE(
      CheckLoopbackCaller(With({{"Host", "localhost:8080"}, {"Origin", "http://localhost:8080"}}))
          .ok());
  EXPECT_TRUE(
      CheckLoopbackCaller(With({{"Host", "localhost:80"}, {"Origin", "http://localhost"}})).ok());
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
    Failure failure = CheckLoopbackCaller(With(headers));
    ASSERT_FALSE(failure.ok());
    EXPECT_EQ(failure.HttpStatus(), 403);
  }
}

// --insecure once took these checks away as well.
TEST(Guard, KeylessServersTakeNoPublicNames) {
  for (const char* host : {"192.168.1.5:8080", "10.0.0.1", "[fe80::1]:8080", "localhost:8080", "pano:8080",
                           "box.local:8080", "BOX.LOCAL."}) {
    EXPECT_TRUE(CheckKeylessCaller(With({{"Host", host}})).ok()) << host;
    EXPECT_TRUE(CheckKeylessCaller(With({{"Host", host}, {"Origin", std::string("http://") + host}})).ok())
        << host;
    EXPECT_FALSE(CheckKeylessCaller(With({{"Host", host}, {"Origin", "https://evil.example"}})).ok()) << host;
    EXPECT_FALSE(CheckKeylessCaller(With({{"Host", host}, {"Origin", "null"}})).ok()) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:8080", "10.0.0.1.nip.io", "local", "[evil"}) {
    const bool single_name = std::string_view(host) == "local";
    EXPECT_EQ(CheckKeylessCaller(With({{"Host", host}})).ok(), single_name) << host;
  }
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
