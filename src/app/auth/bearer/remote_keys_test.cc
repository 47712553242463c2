#include "app/auth/bearer/remote_keys.h"

#include <gtest/gtest.h>

#include <atomic>

#include "app/auth/bearer/testing/fake_issuers.h"

namespace pano::bearer {
namespace {

using jose::Algorithm;
using jose::SigningKey;
using std::chrono::hours;
using std::chrono::seconds;
using testing::FakeDocuments;

SigningKey NewKey() { return std::move(SigningKey::Generate(Algorithm::kEdDsa)).value(); }

// An issuer on a clock that the test moves. Its thread waits for a time when it has nothing to do, so
// AwaitWaiters(1) says that it has done what it had to.
struct Fixture {
  explicit Fixture(std::string jwks_uri = "") {
    settings.issuer = "https://issuer.example";
    settings.audiences = {"pano"};
    settings.jwks_uri = std::move(jwks_uri);
    documents->Put(discovery, testing::DiscoveryOf(settings.issuer, url));
    Publish({key});
  }
  void Publish(const std::vector<SigningKey>& keys, std::optional<seconds> max_age = std::nullopt) {
    documents->Put(url, testing::KeysOf(keys), max_age);
  }
  void Start(KeyPolicy policy = {}) {
    remote = std::make_unique<RemoteKeys>(settings, documents, clock, policy);
    clock.AwaitWaiters(1);
  }
  void Advance(Duration by) {
    clock.Advance(by);
    clock.AwaitWaiters(1);
  }
  size_t asked() const { return documents->asked().size(); }
  bool has(const SigningKey& wanted) const {
    const KeySource::View view = remote->Current();
    return view.keys && view.keys->HasKid(wanted.thumbprint());
  }
  // Whether a fetch for `kid` was allowed; waits for its end.
  bool FetchFor(const std::string& kid) {
    const bool allowed = remote->MayFetch(kid);
    std::promise<void> ended;
    remote->Fetch(kid, [&] { ended.set_value(); });
    ended.get_future().get();
    clock.AwaitWaiters(1);
    return allowed;
  }

  const std::string discovery = "https://issuer.example/.well-known/openid-configuration";
  const std::string url = "https://keys.example/keys";
  SigningKey key = NewKey();
  IssuerSettings settings;
  ManualClock clock;
  std::shared_ptr<FakeDocuments> documents = std::make_shared<FakeDocuments>();
  std::unique_ptr<RemoteKeys> remote;
};

TEST(RemoteKeys, AreFoundByDiscovery) {
  Fixture f;
  f.Start();
  EXPECT_TRUE(f.has(f.key));
  EXPECT_EQ(f.documents->asked(), (std::vector<std::string>{f.discovery, f.url}));
}

TEST(RemoteKeys, AreFoundByTheMetadataOfRfc8414) {
  Fixture f;
  f.settings.issuer = "https://plain.example/a";
  f.documents->Put("https://plain.example/.well-known/oauth-authorization-server/a",
                   testing::DiscoveryOf(f.settings.issuer, f.url));
  f.Start();
  EXPECT_TRUE(f.has(f.key));
}

TEST(RemoteKeys, AnAddressThatIsSetNeedsNoDiscovery) {
  Fixture f("https://keys.example/keys");
  f.Start();
  EXPECT_TRUE(f.has(f.key));
  EXPECT_EQ(f.documents->asked(), std::vector<std::string>{f.url});
}

TEST(RemoteKeys, ADiscoveryDocumentThatLiesIsNotBelieved) {
  const std::pair<std::string, std::string> lies[] = {
      {"https://other.example", "https://keys.example/keys"},          // another's
      {"https://issuer.example/", "https://keys.example/keys"},        // not to the letter
      {"https://issuer.example", "http://keys.example/keys"},          // plain http
      {"https://issuer.example", "http://127.0.0.1:8080/v1/models"},   // a service of this machine
      {"https://issuer.example", "file:///etc/passwd"}};
  for (const auto& [issuer, uri] : lies) {
    Fixture f;
    f.documents->Put(f.discovery, testing::DiscoveryOf(issuer, uri));
    f.Start();
    EXPECT_EQ(f.remote->Current().keys, nullptr) << issuer << " " << uri;
    EXPECT_EQ(f.documents->asked(), std::vector<std::string>{f.discovery});
  }
  for (const char* text : {"", "[]", "{}", "<html>", R"({"issuer":"https://issuer.example"})", R"({"issuer":1,"jwks_uri":2})"}) {
    Fixture f;
    f.documents->Put(f.discovery, text);
    f.Start();
    EXPECT_EQ(f.remote->Current().keys, nullptr) << text;
  }
}

TEST(RemoteKeys, AreFetchedAnewWhenTheyAreOld) {
  Fixture f;
  const SigningKey next = NewKey();
  f.Publish({f.key}, seconds(300));
  f.Start();
  const uint64_t generation = f.remote->Current().generation;
  f.Publish({f.key, next}, seconds(300));
  f.Advance(seconds(299));
  EXPECT_FALSE(f.has(next));
  f.Advance(seconds(1));
  EXPECT_TRUE(f.has(next));
  EXPECT_NE(f.remote->Current().generation, generation);
}

TEST(RemoteKeys, TheSameKeysAreTheSameGeneration) {
  Fixture f;
  f.Start();
  const KeySource::View before = f.remote->Current();
  f.Advance(KeyPolicy().refresh_default);
  EXPECT_EQ(f.asked(), 3u);
  EXPECT_EQ(f.remote->Current().generation, before.generation);
  EXPECT_EQ(f.remote->Current().keys, before.keys);
}

TEST(RemoteKeys, MaxAgeIsBounded) {
  Fixture often;
  often.Publish({often.key}, seconds(1));
  often.Start();
  often.Advance(seconds(4));
  EXPECT_EQ(often.asked(), 2u);
  often.Advance(seconds(1));
  EXPECT_EQ(often.asked(), 3u);

  Fixture uncached;
  uncached.Publish({uncached.key}, seconds(0));
  uncached.Start();
  uncached.Advance(seconds(59));
  EXPECT_EQ(uncached.asked(), 2u);
  uncached.Advance(seconds(1));
  EXPECT_EQ(uncached.asked(), 3u);

  Fixture never;
  never.Publish({never.key}, seconds(365 * 86400));
  never.Start();
  never.Advance(hours(24));
  EXPECT_GE(never.asked(), 3u);
}

TEST(RemoteKeys, AKeyThatIsNotKnownMakesThemBeFetchedOnce) {
  Fixture f;
  const SigningKey next = NewKey();
  f.Start();
  f.Publish({next});
  EXPECT_TRUE(f.FetchFor(next.thumbprint()));
  EXPECT_TRUE(f.has(next));
  EXPECT_FALSE(f.has(f.key));
  EXPECT_EQ(f.asked(), 3u);   // the address of the keys was known
  EXPECT_FALSE(f.FetchFor(next.thumbprint()));   // once for a kid
  EXPECT_EQ(f.asked(), 3u);
}

TEST(RemoteKeys, AFloodOfUnknownKeysAsksAFewTimes) {
  Fixture f;
  f.Start();
  int allowed = 0;
  for (int i = 0; i < 1000; ++i) allowed += f.FetchFor(StrCat("kid-", i)) ? 1 : 0;
  EXPECT_EQ(allowed, KeyPolicy().unknown_burst);
  EXPECT_EQ(f.asked(), 2u + static_cast<size_t>(allowed));
  f.Advance(KeyPolicy().unknown_pause);
  EXPECT_TRUE(f.FetchFor("one more"));
  EXPECT_FALSE(f.FetchFor("and another"));
}

TEST(RemoteKeys, OutliveAnIssuerThatIsAway) {
  Fixture f;
  f.Start();
  f.documents->Fail(Status(StatusCode::kUnavailable, "connection refused"));
  for (int hour = 0; hour < 23; ++hour) f.Advance(hours(1));
  EXPECT_TRUE(f.has(f.key));
  f.Advance(hours(2));
  EXPECT_EQ(f.remote->Current().keys, nullptr);
  f.documents->Fail(OkStatus());
  f.Advance(KeyPolicy().retry_max);
  EXPECT_TRUE(f.has(f.key));
}

TEST(RemoteKeys, StayWhenTheIssuerAnswersWithSomethingElse) {
  Fixture f;
  f.Start();
  for (const char* text : {"<html>", "{}", R"({"keys":1})"}) {
    f.documents->Put(f.url, text);
    f.Advance(hours(1));
    EXPECT_TRUE(f.has(f.key)) << text;
  }
  f.documents->Put(f.url, R"({"keys":[]})");   // that is an answer: all keys are withdrawn
  f.Advance(hours(1));
  EXPECT_FALSE(f.has(f.key));
}

TEST(RemoteKeys, AFailureMakesThePausesLonger) {
  Fixture f("https://keys.example/keys");
  f.documents->Fail(Status(StatusCode::kUnavailable, "connection refused"));
  f.Start();
  EXPECT_EQ(f.asked(), 1u);
  EXPECT_FALSE(f.remote->MayFetch(""));   // not before the pause is over
  for (int i = 0; i < 3; ++i) f.Advance(seconds(1));   // after 1 s and 1 + 2 s
  EXPECT_EQ(f.asked(), 3u);
  for (int i = 0; i < 600; ++i) f.Advance(seconds(1));
  EXPECT_LE(f.asked(), 50u);
  EXPECT_GE(f.asked(), 30u);
}

TEST(RemoteKeys, WhoWaitsIsBoundedAndIsAnsweredAtTheEnd) {
  Fixture f;
  f.documents->Hold(true);
  KeyPolicy policy;
  policy.waiting_max = 3;
  f.remote = std::make_unique<RemoteKeys>(f.settings, f.documents, f.clock, policy);
  f.documents->AwaitAsked(1);
  std::atomic<int> waiting = 0, answered = 0;
  for (int i = 0; i < 5; ++i) {
    const int before = answered;
    f.remote->Fetch("", [&] { ++answered; });
    if (answered == before) ++waiting;
  }
  EXPECT_EQ(waiting, 3);
  EXPECT_EQ(answered, 2);   // at once: there is no room
  f.remote.reset();         // while the issuer is still silent
  EXPECT_EQ(answered, 5);
}

TEST(RemoteKeys, AfterStopNothingIsAsked) {
  Fixture f;
  f.Start();
  f.remote->Stop();
  f.remote->Stop();
  EXPECT_FALSE(f.remote->MayFetch("x"));
  bool done = false;
  f.remote->Fetch("x", [&] { done = true; });
  EXPECT_TRUE(done);
  EXPECT_EQ(f.asked(), 2u);
  EXPECT_TRUE(f.has(f.key));
}

TEST(OwnKeys, AreWhatTheirOwnerSays) {
  const SigningKey key = NewKey();
  OwnKeys own;
  EXPECT_EQ(own.Current().keys, nullptr);
  own.Set(std::move(jose::KeySet::Parse(testing::KeysOf({key}))).value());
  const uint64_t generation = own.Current().generation;
  EXPECT_TRUE(own.Current().keys->HasKid(key.thumbprint()));
  own.Set(std::move(jose::KeySet::Parse(testing::KeysOf({key}))).value());
  EXPECT_EQ(own.Current().generation, generation);
  own.Set(std::move(jose::KeySet::Parse(testing::KeysOf({NewKey()}))).value());
  EXPECT_NE(own.Current().generation, generation);
}

}  // namespace
}  // namespace pano::bearer
