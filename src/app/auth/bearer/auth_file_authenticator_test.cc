#include "app/auth/bearer/auth_file_authenticator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "app/auth/bearer/testing/fake_issuers.h"
#include "app/auth/renewal.h"
#include "base/testing/memory_env.h"

namespace pano::bearer {
namespace {

using jose::Algorithm;
using jose::SigningKey;
using std::chrono::seconds;

constexpr int64_t kNow = 1'800'000'000;
constexpr std::string_view kOneIssuer = "issuers: [{issuer: 'https://a.example', audience: pano}]\nkeys: keys.yaml\n";

// Keys that are there at once, and whether they were stopped.
class Source final : public KeySource {
 public:
  explicit Source(const SigningKey& key) { own_.Set(std::move(jose::KeySet::Parse(testing::KeysOf({key}))).value()); }
  View Current() const override { return stopped ? View{} : own_.Current(); }
  bool MayFetch(std::string_view) const override { return false; }
  void Fetch(std::string_view, std::function<void()> done) override { done(); }
  void Stop() override { stopped = true; }
  std::atomic<bool> stopped = false;

 private:
  OwnKeys own_;
};

class AuthFileAuthenticatorTest : public ::testing::Test {
 protected:
  AuthFileAuthenticatorTest() {
    clock_.Advance(seconds(kNow));
    Put("auth.yaml", kOneIssuer);
    Put("keys.yaml", "keys: [{id: ci, tenant: acme, scopes: admin, key: 0123456789abcdef}]");
  }
  void Put(const std::string& name, std::string_view text) { ASSERT_TRUE(WriteFile(name, text, env_).ok()); }
  void Start() {
    auto made = MakeAuthFileAuthenticator(
        "auth.yaml",
        [this](const IssuerSettings& issuer) {
          made_.push_back(std::make_shared<Source>(key_));
          asked_.push_back(issuer.issuer);
          return made_.back();
        },
        env_, clock_, seconds(1));
    ASSERT_TRUE(made.ok()) << made.error().message();
    who_ = std::move(made).value();
  }
  std::string Token(std::string_view issuer, std::string_view audience = "pano") {
    json::Value claims;
    claims.Set("iss", issuer);
    claims.Set("aud", audience);
    claims.Set("exp", kNow + 3000);
    claims.Set("sub", "user");
    return StrCat("Bearer ", jose::SignCompact(key_, "at+jwt", json::Dump(claims)).value());
  }
  bool Takes(const std::string& authorization) {
    const auto answer = who_->TryAuthenticate({authorization});
    return answer && answer->ok();
  }

  const SigningKey key_ = std::move(SigningKey::Generate(Algorithm::kEs256)).value();
  MemoryEnv env_;
  ManualClock clock_;
  std::vector<std::shared_ptr<Source>> made_;
  std::vector<std::string> asked_;
  std::unique_ptr<AuthFileAuthenticator> who_;
};

TEST_F(AuthFileAuthenticatorTest, TakesTokensAndKeys) {
  Start();
  EXPECT_TRUE(Takes(Token("https://a.example")));
  EXPECT_FALSE(Takes(Token("https://b.example")));
  EXPECT_TRUE(Takes("Bearer 0123456789abcdef"));
  EXPECT_FALSE(Takes("Bearer fedcba9876543210"));
  EXPECT_EQ(who_->issuers(), std::vector<std::string>{"https://a.example"});
  EXPECT_TRUE(who_->Recognizes({"Bearer x"}));
  EXPECT_TRUE(who_->Recognizes({Token("https://b.example")}));
}

TEST_F(AuthFileAuthenticatorTest, FollowsItsFileAndKeepsWhatStays) {
  Start();
  Put("auth.yaml", "issuers:\n- {issuer: 'https://a.example', audience: other}\n- {issuer: 'https://b.example', audience: pano}\n");
  ASSERT_TRUE(who_->Reload().ok());
  EXPECT_EQ(asked_, (std::vector<std::string>{"https://a.example", "https://b.example"}));  // a's keys are the same
  EXPECT_FALSE(made_[0]->stopped);
  EXPECT_FALSE(Takes(Token("https://a.example")));
  EXPECT_TRUE(Takes(Token("https://a.example", "other")));
  EXPECT_TRUE(Takes(Token("https://b.example")));
  EXPECT_FALSE(Takes("Bearer 0123456789abcdef"));  // there is no key file any more
  EXPECT_FALSE(who_->Recognizes({"Bearer x"}));

  Put("auth.yaml", "issuers: [{issuer: 'https://b.example', audience: pano}]\n");
  for (int i = 0; i < 1000 && who_->issuers().size() > 1; ++i) {   // by itself
    clock_.AwaitWaiters(1);
    clock_.Advance(seconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(made_[0]->stopped);
  EXPECT_FALSE(made_[1]->stopped);
  EXPECT_FALSE(Takes(Token("https://a.example", "other")));
  EXPECT_TRUE(Takes(Token("https://b.example")));
  EXPECT_EQ(who_->issuers(), std::vector<std::string>{"https://b.example"});
  // Another address of its keys is another source.
  Put("auth.yaml", "issuers: [{issuer: 'https://b.example', audience: pano, jwks_uri: 'https://b.example/k'}]\n");
  ASSERT_TRUE(who_->Reload().ok());
  EXPECT_EQ(made_.size(), 3u);
  EXPECT_TRUE(made_[1]->stopped);
}

// For what goes on after the request: the key stands in the file, the issuer is trusted.
TEST_F(AuthFileAuthenticatorTest, KnowsAgainWhomItTookForAsLongAsTheyStandThere) {
  Start();
  const auth::Principal key = who_->TryAuthenticate({"Bearer 0123456789abcdef"})->value();
  const auth::Principal user = who_->TryAuthenticate({Token("https://a.example")})->value();
  EXPECT_TRUE(auth::RenewRights(*who_, key)->scopes.IsAdmin());
  EXPECT_EQ(auth::RenewRights(*who_, user)->subject, "user");

  Put("keys.yaml", "keys: [{id: ci, tenant: acme, scopes: 'models:m:read', key: fedcba9876543210}]");
  ASSERT_TRUE(who_->Reload().ok());
  EXPECT_EQ(auth::RenewRights(*who_, key)->scopes.ToString(), "models:m:read");  // as it stands now
  Put("keys.yaml", "keys: [{id: ci, tenant: other, scopes: admin, key: fedcba9876543210}]");
  ASSERT_TRUE(who_->Reload().ok());
  EXPECT_FALSE(auth::RenewRights(*who_, key).ok());
  Put("keys.yaml", "keys: [{id: ci, tenant: acme, scopes: admin, key: fedcba9876543210, expires: 2027-01-01}]");
  ASSERT_TRUE(who_->Reload().ok());
  EXPECT_FALSE(auth::RenewRights(*who_, key).ok());  // that was before kNow
  Put("auth.yaml", "issuers: [{issuer: 'https://b.example', audience: pano}]\n");
  ASSERT_TRUE(who_->Reload().ok());
  EXPECT_FALSE(auth::RenewRights(*who_, user).ok());
  EXPECT_FALSE(auth::RenewRights(*who_, key).ok());
}

TEST_F(AuthFileAuthenticatorTest, AFaultyFileChangesNothing) {
  Start();
  const std::string token = Token("https://a.example");
  for (const char* text : {"issuers: [", "issuers: [{issuer: 'http://a.example', audience: p}]", "keys: none.yaml", "", "x: 1"}) {
    Put("auth.yaml", text);
    const Status status = who_->Reload();
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_NE(status.message().find(".yaml: "), std::string::npos) << status.message();
    EXPECT_TRUE(Takes(token)) << text;
    EXPECT_TRUE(Takes("Bearer 0123456789abcdef")) << text;
    EXPECT_EQ(who_->issuers().size(), 1u);
  }
  // Its keys go on on their own.
  Put("keys.yaml", "keys: [{id: ci, tenant: acme, scopes: admin, key: fedcba9876543210}]");
  EXPECT_FALSE(who_->Reload().ok());
  EXPECT_FALSE(Takes("Bearer 0123456789abcdef"));
  EXPECT_TRUE(Takes("Bearer fedcba9876543210"));
  Put("auth.yaml", kOneIssuer);
  EXPECT_TRUE(who_->Reload().ok());
}

TEST_F(AuthFileAuthenticatorTest, StartsOnlyWithAFileThatIsRight) {
  EXPECT_EQ(MakeAuthFileAuthenticator("none", {}, env_, clock_).error().code(), StatusCode::kNotFound);
  Put("auth.yaml", "keys: none.yaml");
  EXPECT_EQ(MakeAuthFileAuthenticator("auth.yaml", {}, env_, clock_).error().code(), StatusCode::kNotFound);
  Put("auth.yaml", "issuer: x");
  EXPECT_EQ(MakeAuthFileAuthenticator("auth.yaml", {}, env_, clock_).error().field(), "issuer");
}

}  // namespace
}  // namespace pano::bearer
