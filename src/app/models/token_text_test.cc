#include "app/models/token_text.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"
#include "app/models/testing/fake_tokenizer.h"

namespace pano::models {
namespace {

TEST(TokenText, ShowsEachKindOfToken) {
  Generator version;
  EXPECT_EQ(TokenText(version, 7), "token_id:7");
  EXPECT_EQ(TokenBytes(version, 7), std::nullopt);
  version.tokenizer = std::make_shared<testing::FakeTokenizer>();
  EXPECT_EQ(TokenText(version, 'a'), "a");
  EXPECT_EQ(TokenText(version, 0xe4), "bytes:\\xe4");  // a part of a character
  EXPECT_EQ(TokenText(version, 256), "<s>");
  EXPECT_EQ(TokenText(version, 999), "token_id:999");  // logits may be more than tokens
  EXPECT_EQ(TokenBytes(version, 'a'), "a");
  EXPECT_EQ(TokenBytes(version, 256), std::nullopt);
}

}  // namespace
}  // namespace pano::models
