#include "base/digest/digest.h"

#include <gtest/gtest.h>

#include <utility>

namespace pano {
namespace {

// The test suites of RFC 1321 (A.5) and of FIPS 180-4's examples.
TEST(Digest, IsWhatTheStandardsSay) {
  EXPECT_EQ(HexDigest(Digest::kMd5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HexDigest(Digest::kMd5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(HexDigest(Digest::kMd5, "message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(HexDigest(Digest::kSha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(HexDigest(Digest::kSha256, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexDigest(Digest::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexDigest(Digest::kSha256, std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, DoesNotDependOnHowItsBytesWereCut) {
  const std::string text = "a text that is longer than one block of either hash: sixty-four bytes";
  for (const Digest::Kind kind : {Digest::kMd5, Digest::kSha1, Digest::kSha256}) {
    const std::string whole = HexDigest(kind, text);
    for (size_t step = 1; step < text.size(); ++step) {
      Digest digest(kind);
      for (size_t at = 0; at < text.size(); at += step) {
        digest.Update(std::as_bytes(std::span(text)).subspan(at, std::min(step, text.size() - at)));
        digest.Update("");
      }
      EXPECT_EQ(digest.Hex(), whole) << step;
    }
  }
}

TEST(Digest, GoesOnWhereItIsMoved) {
  Digest first(Digest::kSha256);
  first.Update("ab");
  Digest second = std::move(first);
  second.Update("c");
  Digest third(Digest::kMd5);
  third = std::move(second);
  EXPECT_EQ(third.Hex(), HexDigest(Digest::kSha256, "abc"));
}

TEST(ToHex, WritesTwoDigitsAByte) {
  EXPECT_EQ(ToHex({}), "");
  const std::string bytes("\x00\x0f\xf0\xff\x7f", 5);
  EXPECT_EQ(ToHex(std::as_bytes(std::span(bytes))), "000ff0ff7f");
}

}  // namespace
}  // namespace pano
