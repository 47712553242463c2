#include "app/auth/issuer/password_hash.h"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"

namespace pano::issuer {
namespace {

constexpr ScryptCost kCheap{.log2_n = 4};

TEST(PasswordHash, KnowsItsPasswordAndNoOther) {
  const std::string hash = HashPassword("correct horse", kCheap).value();
  EXPECT_TRUE(hash.starts_with("scrypt$4$8$1$"));
  EXPECT_EQ(hash.find("horse"), std::string::npos);
  EXPECT_TRUE(CheckPassword("correct horse", hash));
  for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse"}) {
    EXPECT_FALSE(CheckPassword(wrong, hash)) << wrong;
  }
  EXPECT_NE(HashPassword("correct horse", kCheap).value(), hash) << "salted";
}

TEST(PasswordHash, StoresWhatItCosts) {
  EXPECT_TRUE(CheckPassword("x", HashPassword("x", {.log2_n = 5, .r = 4, .p = 2}).value()));
  EXPECT_TRUE(HashPassword("x").value().starts_with("scrypt$15$8$1$"));
}

TEST(PasswordHash, RefusesWhatIsNoHash) {
  const std::string hash = HashPassword("x", kCheap).value();
  for (const std::string& wrong :
       {std::string(), std::string("scrypt"), hash.substr(0, hash.size() - 1), "a" + hash,
        std::string("scrypt$30$8$1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        std::string("scrypt$20$32$4$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        std::string("scrypt$-4$8$1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        std::string("plain$4$8$1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")}) {
    EXPECT_FALSE(CheckPassword("x", wrong)) << wrong;
  }
}

// A password that is refused unseen is refused as fast for names that nobody has.
TEST(PasswordHash, SpendsNothingWhereACheckDoesNot) {
  const auto seconds = [](const std::string& password) {
    const TimePoint begun = Clock::Real().Now();
    SpendPasswordCheck(password);
    return Seconds(Clock::Real().Now() - begun);
  };
  const double whole = seconds("password");
  EXPECT_LT(seconds(""), whole / 2);
  EXPECT_LT(seconds(std::string(kPasswordBytesMax + 1, 'x')), whole / 2);
}

TEST(PasswordHash, BoundsPasswords) {
  EXPECT_FALSE(HashPassword("", kCheap).ok());
  EXPECT_TRUE(HashPassword(std::string(kPasswordBytesMax, 'x'), kCheap).ok());
  EXPECT_FALSE(HashPassword(std::string(kPasswordBytesMax + 1, 'x'), kCheap).ok());
}

}  // namespace
}  // namespace pano::issuer
