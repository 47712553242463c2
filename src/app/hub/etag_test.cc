#include "app/hub/etag.h"

#include <gtest/gtest.h>

namespace pano::hub {
namespace {

std::string Hash(EtagKind kind, std::string_view text, size_t step) {
  Digest digest = EtagDigest(kind, text.size());
  for (size_t at = 0; at < text.size(); at += step) {
    digest.Update(std::as_bytes(std::span(text.substr(at, step))));
  }
  return digest.Hex();
}

// sha256sum and `git hash-object` of the same bytes.
TEST(Digest, IsWhatSha256sumAndGitSay) {
  const std::string text = "hello world\n";
  EXPECT_EQ(Hash(EtagKind::kSha256, text, 100),
            "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447");
  EXPECT_EQ(Hash(EtagKind::kSha256, text, 5), Hash(EtagKind::kSha256, text, 100));
  EXPECT_EQ(Hash(EtagKind::kGitSha1, text, 1), "3b18e512dba79e4c8300dd08aeb37f8e728b8dad");
  EXPECT_EQ(Hash(EtagKind::kGitSha1, "", 1), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

TEST(Etag, SaysByItsFormWhatItHashes) {
  EXPECT_EQ(KindOfEtag(std::string(64, 'a')), EtagKind::kSha256);
  EXPECT_EQ(KindOfEtag(std::string(40, '0')), EtagKind::kGitSha1);
  EXPECT_EQ(KindOfEtag(std::string(40, 'G')), EtagKind::kUnknown);
  EXPECT_EQ(KindOfEtag("../../etc"), EtagKind::kUnknown);
  EXPECT_EQ(KindOfEtag(""), EtagKind::kUnknown);
  EXPECT_EQ(NormalizeEtag("\"abc\""), "abc");
  EXPECT_EQ(NormalizeEtag("W/\"abc\""), "abc");
  EXPECT_EQ(NormalizeEtag(" abc "), "abc");
  EXPECT_EQ(NormalizeEtag("\""), "\"");
}

}  // namespace
}  // namespace pano::hub
