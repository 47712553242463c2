#include "app/auth/issuer/redirect_uri.h"

#include <gtest/gtest.h>

namespace pano::issuer {
namespace {

TEST(RedirectUri, IsHttpsOrThisMachineOrAnApplications) {
  for (const char* good : {"https://app.example/done", "https://app.example:8443/a?b=c", "http://127.0.0.1/cb",
                           "http://127.0.0.1:7777/cb", "http://[::1]/cb", "http://localhost:3000/cb",
                           "com.example.app:/done", "com.example.app://done/x"}) {
    EXPECT_TRUE(CheckRedirectUri(good).ok()) << good << ": " << CheckRedirectUri(good).message();
  }
  for (const char* bad :
       {"", "/done", "app.example/done", "http://app.example/done", "https://", "https:///x", "https://a/#x",
        "https://*.example/", "https://a b/", "javascript:alert(1)", "data:text/html,x", "http://127.0.0.1:x/",
        "http://127.0.0.1:99999/", "http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example/",
        "https://user@app.example/", "http://127.0.0.1:/x", "https://a/\r\nLocation: x", "https://a/;x",
        "https://\\evil.example/"}) {
    EXPECT_FALSE(CheckRedirectUri(bad).ok()) << bad;
  }
  EXPECT_FALSE(CheckRedirectUri("https://a/" + std::string(2048, 'x')).ok());
}

TEST(RedirectUri, IsComparedToTheLetterButForPortsOfThisMachine) {
  EXPECT_TRUE(RedirectUriMatches("https://a/b", "https://a/b"));
  for (const char* other : {"https://a/b/", "https://a/b?x", "https://A/b", "http://a/b", "https://a:1/b", ""}) {
    EXPECT_FALSE(RedirectUriMatches("https://a/b", other)) << other;
  }
  EXPECT_TRUE(RedirectUriMatches("http://127.0.0.1/cb", "http://127.0.0.1:50123/cb"));
  EXPECT_TRUE(RedirectUriMatches("http://[::1]/cb", "http://[::1]:5/cb"));
  EXPECT_FALSE(RedirectUriMatches("http://127.0.0.1/cb", "http://127.0.0.1:50123/cb2"));
  EXPECT_FALSE(RedirectUriMatches("http://127.0.0.1/cb", "http://[::1]:5/cb"));
  EXPECT_FALSE(RedirectUriMatches("http://127.0.0.1/cb", "http://127.0.0.1:5@evil.example/cb"));
  EXPECT_FALSE(RedirectUriMatches("http://127.0.0.1:7/cb", "http://127.0.0.1:8/cb"));
  EXPECT_FALSE(RedirectUriMatches("http://localhost/cb", "http://localhost:8/cb"));
}

TEST(RedirectUri, NamesWhereItLeads) {
  EXPECT_EQ(RedirectSource("https://app.example:8443/a?b"), "https://app.example:8443");
  EXPECT_EQ(RedirectSource("com.example.app:/done"), "com.example.app:");
  EXPECT_EQ(WithQuery("https://a/b", "x=1"), "https://a/b?x=1");
  EXPECT_EQ(WithQuery("https://a/b?y", "x=1"), "https://a/b?y&x=1");
}

}  // namespace
}  // namespace pano::issuer
