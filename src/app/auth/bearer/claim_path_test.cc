#include "app/auth/bearer/claim_path.h"

#include <gtest/gtest.h>

namespace pano::bearer {
namespace {

std::string At(std::string_view path, std::string_view claims) {
  const ClaimPath parsed = std::move(ClaimPath::Parse(path)).value();
  const json::Value value = std::move(json::Parse(claims)).value();
  const json::Value* found = parsed.Find(value);
  return found ? json::Dump(*found) : "none";
}

TEST(ClaimPath, DotsDescend) {
  constexpr std::string_view kClaims = R"({"scope":"a","realm_access":{"roles":["r","s"]},"a.b":1})";
  EXPECT_EQ(At("scope", kClaims), R"("a")");
  EXPECT_EQ(At("realm_access.roles", kClaims), R"(["r","s"])");
  EXPECT_EQ(At("realm_access.roles.1", kClaims), R"("s")");
  EXPECT_EQ(At("realm_access.roles.2", kClaims), "none");
  EXPECT_EQ(At("realm_access.groups", kClaims), "none");
  EXPECT_EQ(At("scope.x", kClaims), "none");
  EXPECT_EQ(At("a.b", kClaims), "none");
}

TEST(ClaimPath, ALeadingSlashMakesItAPointer) {
  constexpr std::string_view kClaims = R"({"https://x.example/roles":["r"],"a.b":1,"~":2,"":3,"l":[[7]],"~1":4})";
  EXPECT_EQ(At("/https:~1~1x.example~1roles", kClaims), R"(["r"])");
  EXPECT_EQ(At("/https:~1~1x.example~1roles/0", kClaims), R"("r")");
  EXPECT_EQ(At("/a.b", kClaims), "1");
  EXPECT_EQ(At("/~0", kClaims), "2");
  EXPECT_EQ(At("/", kClaims), "3");
  EXPECT_EQ(At("/~01", kClaims), "4");
  EXPECT_EQ(At("/l/0/0", kClaims), "7");
  for (const char* none : {"/l/00", "/l/-1", "/l/1", "/l/x", "/l/9999999999", "/l/", "/l/-"}) EXPECT_EQ(At(none, kClaims), "none");
}

TEST(ClaimPath, RefusesWhatIsNoPath) {
  for (const char* wrong : {"", ".", "a..b", "a.", ".a", "/~", "/~2", "/a~", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"}) {
    EXPECT_FALSE(ClaimPath::Parse(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace pano::bearer
