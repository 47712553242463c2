#include "app/auth/bearer/issuer_settings.h"

#include <gtest/gtest.h>

namespace pano::bearer {
namespace {

TEST(IssuerSettings, KeysComeFromHttpsOrFromLoopback) {
  for (const char* fine : {"https://issuer.example", "https://issuer.example:8443/realms/a", "http://127.0.0.1:9/x",
                           "http://localhost:1", "http://[::1]:80/a", "http://127.9.8.7", "https://[2001:db8::1]/"}) {
    EXPECT_TRUE(CheckIssuerUrl(fine).ok()) << fine << ": " << CheckIssuerUrl(fine).message();
  }
  for (const char* wrong :
       {"", "issuer.example", "http://issuer.example", "http://127.evil.example", "http://127.0.0.1.evil.example",
        "http://127.0.0.256", "ftp://127.0.0.1", "file:///etc/passwd", "https://", "https:///x", "https://a@b.example",
        "http://localhost@evil.example", "https://a.example?x=1", "https://a.example/#f", "https://a.example:0",
        "https://a.example:99999", "https://a.example:x", "https://a b.example", "https://a.example/\n", "http://[::1",
        "https://a.example\\@b", "HTTPS://a.example", "http://localhost.evil.example", "http://0177.0.0.1"}) {
    EXPECT_FALSE(CheckIssuerUrl(wrong).ok()) << wrong;
  }
  EXPECT_TRUE(CheckKeysUrl("https://a.example/keys?p=policy").ok());
  EXPECT_TRUE(CheckKeysUrl("https://a.example?p=policy").ok());
  EXPECT_FALSE(CheckKeysUrl("https://a.example/keys#x").ok());
  EXPECT_FALSE(CheckKeysUrl("http://a.example?p=http://127.0.0.1/").ok());
  EXPECT_TRUE(IsLoopbackHttp("http://localhost:1/x"));
  EXPECT_FALSE(IsLoopbackHttp("https://localhost:1/x"));
  EXPECT_FALSE(IsLoopbackHttp("http://issuer.example"));
}

TEST(IssuerSettings, DocumentsAreWhereTheStandardsSay) {
  EXPECT_EQ(DiscoveryUrl("https://a.example/x"), "https://a.example/x/.well-known/openid-configuration");
  EXPECT_EQ(DiscoveryUrl("https://a.example/"), "https://a.example/.well-known/openid-configuration");
  EXPECT_EQ(MetadataUrl("https://a.example/x/y"), "https://a.example/.well-known/oauth-authorization-server/x/y");
  EXPECT_EQ(MetadataUrl("https://a.example"), "https://a.example/.well-known/oauth-authorization-server");
}

}  // namespace
}  // namespace pano::bearer
