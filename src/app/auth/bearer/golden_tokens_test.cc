// The token cases of the shared known answers, as they were signed at one moment, through the authenticator
// that a server has; the network alone is a fake one. Prints a table.
#include <gtest/gtest.h>

#include <cstdio>

#include "app/auth/bearer/auth_file.h"
#include "app/auth/bearer/bearer_authenticator.h"
#include "app/auth/bearer/remote_keys.h"
#include "app/auth/bearer/testing/fake_issuers.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"

#ifndef PANO_SOURCE_DIR
#define PANO_SOURCE_DIR "."
#endif

namespace pano::bearer {
namespace {

using testing::Ask;
using testing::FakeDocuments;

json::Value ReadJson(const std::string& folder, const char* name) {
  return json::Parse(ReadFile(JoinPath(folder, name)).value()).value();
}

const std::string& TextOf(const json::Value& object, std::string_view name) { return object.Find(name)->as_string(); }

// issuers.json as --auth FILE.yaml has it: JSON is YAML.
AuthFile SettingsOf(const std::string& folder, const std::string& base) {
  json::Array issuers;
  const json::Value list = ReadJson(folder, "issuers.json");
  for (const json::Value& entry : list.as_array()) {
    json::Value issuer;
    for (const auto& [name, value] : entry.as_object()) {
      if (name == "name") issuer.Set("issuer", StrCat(base, "/", value.as_string()));
      else issuer.Set(name, value);
    }
    issuers.push_back(std::move(issuer));
  }
  json::Value file;
  file.Set("issuers", json::Value(std::move(issuers)));
  Result<AuthFile> parsed = ParseAuthFile(json::Dump(file));
  EXPECT_TRUE(parsed.ok()) << parsed.error().message();
  return std::move(parsed).value();
}

// What is sent as Authorization: "" for none; of several, all of them, as RFC 9110 (5.3) joins them.
std::string HeaderOf(const json::Value& test) {
  const std::string& token = TextOf(test, "token");
  const json::Value* send = test.Find("send");
  if (!send) return StrCat("Bearer ", token);
  std::string header;
  for (const json::Value& pair : send->Find("headers")->as_array()) {
    std::string value = pair.as_array()[1].as_string();
    const size_t at = value.find("${token}");
    if (at != std::string::npos) value.replace(at, 8, token);
    header += StrCat(header.empty() ? "" : ", ", value);
  }
  return header;
}

// "accept", "forbidden" or "reject", as a request for the model `starter` would be answered.
std::string Outcome(const Result<auth::Principal>& who) {
  if (!who.ok()) return who.error().code() == StatusCode::kUnauthenticated ? "reject" : "no answer";
  return who->scopes.AllowsModel("starter", auth::Permission::kRead) ? "accept" : "forbidden";
}

TEST(GoldenTokens, EveryCaseEndsAsItShould) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/auth");
  const json::Value document = ReadJson(answers.path(), "cases.json");
  const json::Value published = ReadJson(answers.path(), "jwks.json");
  const std::string base = TextOf(document, "issuer_base");

  ManualClock clock;
  clock.Advance(std::chrono::seconds(document.Find("now")->as_int()));
  auto fetcher = std::make_shared<FakeDocuments>();
  FakeDocuments& documents = *fetcher;
  std::set<std::string> known_urls;
  std::vector<TrustedIssuer> issuers;
  for (IssuerSettings& settings : SettingsOf(answers.path(), base).issuers) {
    const std::string issuer = settings.issuer;
    const std::string name = issuer.substr(base.size() + 1);
    const json::Value* keys = published.Find(name);
    ASSERT_NE(keys, nullptr) << name;
    documents.Put(DiscoveryUrl(issuer), testing::DiscoveryOf(issuer, issuer + "/keys"));
    documents.Put(issuer + "/keys", json::Dump(*keys));
    known_urls.insert({DiscoveryUrl(issuer), issuer + "/keys"});
    issuers.push_back({settings, std::make_shared<RemoteKeys>(settings, fetcher, clock)});
  }
  auto authenticator = std::move(MakeBearerAuthenticator(std::move(issuers), clock)).value();

  std::printf("%-22s %-10s %-10s %s\n", "case", "expected", "answer", "reason");
  for (const json::Value& test : document.Find("cases")->as_array()) {
    const std::string& name = TextOf(test, "name");
    const std::string& expected = TextOf(test, "expect");
    const std::string header = HeaderOf(test);
    for (int again = 0; again < 2; ++again) {   // the second time it may be a known token
      const Result<auth::Principal> who = Ask(*authenticator, {header});
      const std::string outcome = Outcome(who);
      if (again == 0) {
        std::printf("%-22s %-10s %-10s %s\n", name.c_str(), expected.c_str(), outcome.c_str(),
                    who.ok() ? who->scopes.ToString().c_str() : who.error().message().c_str());
      }
      if (expected == "either") EXPECT_NE(outcome, "no answer") << name;
      else EXPECT_EQ(outcome, expected) << name << ": " << TextOf(test, "why");
      if (outcome == "reject") {
        EXPECT_EQ(who.error().reason(), test.Find("no_error") ? auth::kNoCredentials : auth::kInvalidToken) << name;
      }
      if (who.ok() && test.Find("claims") && test.Find("claims")->Find("tenant")) {
        EXPECT_EQ(who->tenant, TextOf(*test.Find("claims"), "tenant")) << name;
      }
    }
    answers.Compared(1);
  }
  for (const std::string& url : documents.asked()) EXPECT_TRUE(known_urls.contains(url)) << "was fetched: " << url;
  std::printf("%zu cases\n", answers.compared());
}

}  // namespace
}  // namespace pano::bearer
