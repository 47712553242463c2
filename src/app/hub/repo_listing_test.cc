#include "app/hub/repo_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kCommit(40, 'c');
const std::string kGit(40, 'a'), kSha(64, 'b');

Result<RepoListing> Parse(const std::string& siblings) {
  return ParseRepoListing(StrCat(R"({"id":"org/name","sha":")", kCommit, R"(","siblings":[)", siblings,
                                 "]}"));
}

TEST(RepoListing, HasSizesAndHashes) {
  Result<RepoListing> listing =
      Parse(StrCat(R"({"rfilename":"model.safetensors","size":130,"blobId":")", kGit,
                   R"(","lfs":{"sha256":")", kSha, R"(","size":5000000000,"pointerSize":135}},)",
                   R"({"rfilename":"config.json","size":12,"blobId":")", kGit, R"("},)",
                   R"({"rfilename":"sub/x.txt"})"));
  ASSERT_TRUE(listing.ok()) << listing.error().message();
  EXPECT_EQ(listing->commit, kCommit);
  EXPECT_THAT(listing->Paths(), ElementsAre("config.json", "model.safetensors", "sub/x.txt"));
  EXPECT_EQ(listing->Find("model.safetensors")->size, 5'000'000'000u);
  EXPECT_EQ(listing->Find("model.safetensors")->etag, kSha);
  EXPECT_EQ(listing->Find("config.json")->etag, kGit);
  EXPECT_FALSE(listing->Find("sub/x.txt")->size.has_value());
  EXPECT_EQ(listing->Find("sub/x.txt")->etag, "");
  EXPECT_EQ(listing->Find("absent"), nullptr);
}

TEST(RepoListing, LeavesOutNamesThatLeaveTheFolder) {
  Result<RepoListing> listing = Parse(
      R"({"rfilename":"../evil"},{"rfilename":"/etc/passwd"},{"rfilename":"a/../../b"},)"
      R"({"rfilename":"a\\b"},{"rfilename":""},{"rfilename":"./x"},{"rfilename":"ok"})");
  ASSERT_TRUE(listing.ok());
  EXPECT_THAT(listing->Paths(), ElementsAre("ok"));
}

TEST(RepoListing, RefusesWhatIsNoAnswerOfAHub) {
  for (const std::string& text : std::vector<std::string>{
           "", "[]", "{}", "<html>", R"({"sha":"main","siblings":[]})",
           StrCat(R"({"sha":")", kCommit, R"("})"), StrCat(R"({"sha":")", kCommit, R"(","siblings":{}})")}) {
    EXPECT_FALSE(ParseRepoListing(text).ok()) << text;
  }
  for (const std::string& siblings : std::vector<std::string>{
           R"({})", R"(7)", R"({"rfilename":7})", R"({"rfilename":"x","size":-1})",
           R"({"rfilename":"x","size":1e30})", R"({"rfilename":"x","size":99999999999999999})",
           R"({"rfilename":"x","blobId":"../../x"})", R"({"rfilename":"x","lfs":{"sha256":"abc"}})",
           R"({"rfilename":"x"},{"rfilename":"x"})"}) {
    Result<RepoListing> listing = Parse(siblings);
    ASSERT_FALSE(listing.ok()) << siblings;
    EXPECT_EQ(listing.error().code(), StatusCode::kCorruption);
  }
  EXPECT_THAT(Parse(R"({"rfilename":"a.bin","size":-1})").error().message(), HasSubstr("a.bin"));
}

}  // namespace
}  // namespace pano::hub
