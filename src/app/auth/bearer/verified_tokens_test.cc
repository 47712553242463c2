#include "app/auth/bearer/verified_tokens.h"

#include <gtest/gtest.h>

#include "app/auth/jose/sha256.h"
#include "base/strings.h"

namespace pano::bearer {
namespace {

std::shared_ptr<const KnownToken> Token(std::string subject) {
  KnownToken token;
  token.token.principal.subject = std::move(subject);
  return std::make_shared<const KnownToken>(std::move(token));
}

TEST(VerifiedTokens, FindsWhatWasAdded) {
  VerifiedTokens tokens(64);
  const std::string a = jose::Sha256("a"), b = jose::Sha256("b");
  EXPECT_EQ(tokens.Find(a), nullptr);
  tokens.Add(a, Token("a"));
  tokens.Add(b, Token("b"));
  EXPECT_EQ(tokens.Find(a)->token.principal.subject, "a");
  tokens.Add(a, Token("again"));
  EXPECT_EQ(tokens.Find(a)->token.principal.subject, "again");
  tokens.Remove(a);
  tokens.Remove(a);
  EXPECT_EQ(tokens.Find(a), nullptr);
  EXPECT_EQ(tokens.Find(b)->token.principal.subject, "b");
  EXPECT_EQ(tokens.size(), 1u);
}

TEST(VerifiedTokens, HoldsSoManyAndForgetsWhatWasUsedLongestAgo) {
  VerifiedTokens tokens(64);
  const std::string kept = jose::Sha256("kept");
  tokens.Add(kept, Token("kept"));
  for (int i = 0; i < 10'000; ++i) {
    tokens.Add(jose::Sha256(StrCat(i)), Token(StrCat(i)));
    ASSERT_NE(tokens.Find(kept), nullptr) << i;   // it is in use
  }
  EXPECT_LE(tokens.size(), 64u);
  EXPECT_EQ(tokens.Find(jose::Sha256("0")), nullptr);
  EXPECT_NE(tokens.Find(jose::Sha256("9999")), nullptr);
}

}  // namespace
}  // namespace pano::bearer
