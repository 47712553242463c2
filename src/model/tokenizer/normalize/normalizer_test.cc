#include "model/tokenizer/normalize/normalizer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/strings.h"

namespace pano::tokenizer {
namespace {

Result<NormalizerPtr> Parsed(std::string_view spec) {
  const Result<json::Value> value = json::Parse(spec);
  EXPECT_TRUE(value.ok()) << spec;
  return MakeNormalizer(Field(*value, "normalizer"));
}

std::string Applied(std::string_view spec, std::string text) {
  const Result<NormalizerPtr> normalizer = Parsed(spec);
  if (!normalizer.ok()) return normalizer.status().message();
  if (!*normalizer) return "(none)";
  const Status status = (*normalizer)->Apply(text);
  return status.ok() ? text : status.message();
}

TEST(Normalizer, UnicodeForms) {
  EXPECT_EQ(Applied(R"({"type": "NFC"})", "e\u0301"), "\u00e9");
  EXPECT_EQ(Applied(R"({"type": "NFD"})", "\u00e9"), "e\u0301");
  EXPECT_EQ(Applied(R"({"type": "NFKC"})", "\ufb01\u2460"), "fi1");
  EXPECT_EQ(Applied(R"({"type": "NFKD"})", "\u00e9\u2460"), "e\u03011");
  EXPECT_EQ(Applied(R"({"type": "NFKC"})", "plain"), "plain");
}

// Characters newer than Unicode 9.0 stay as they are, as in the original library.
TEST(Normalizer, LeavesCharactersOfLaterVersionsAlone) {
  const std::string square_era_name_reiwa = "\u32ff";   // Unicode 12.1; NFKC would give two characters
  EXPECT_EQ(Applied(R"({"type": "NFKC"})", square_era_name_reiwa), square_era_name_reiwa);
  EXPECT_EQ(Applied(R"({"type": "NFKC"})", "\u337b"), "\u5e73\u6210");   // Heisei, of Unicode 1.1
}

TEST(Normalizer, CharactersOneByOne) {
  EXPECT_EQ(Applied(R"({"type": "Lowercase"})", "A\u00c9\u0130"), "a\u00e9i\u0307");
  EXPECT_EQ(Applied(R"({"type": "StripAccents"})", "e\u0301a"), "ea");
  EXPECT_EQ(Applied(R"({"type": "StripAccents"})", "\u00e9"), "\u00e9");   // composed: NFD comes first
  EXPECT_EQ(Applied(R"({"type": "Strip", "strip_left": true, "strip_right": false})", " \u3000a "), "a ");
  EXPECT_EQ(Applied(R"({"type": "Strip", "strip_left": true, "strip_right": true})", "  "), "");
  EXPECT_EQ(Applied(R"({"type": "ByteLevel"})", " \u00e9"), "\u0120\u00c3\u00a9");
}

TEST(Normalizer, ReplacesTextsAndPatterns) {
  EXPECT_EQ(Applied(R"({"type": "Replace", "pattern": {"String": "aa"}, "content": "b"})", "aaaca"), "baca");
  EXPECT_EQ(Applied(R"({"type": "Replace", "pattern": {"String": " "}, "content": ""})", " a b "), "ab");
  EXPECT_EQ(Applied(R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "_"})", "a  b   c d"),
            "a_b_c d");
  EXPECT_EQ(Applied(R"({"type": "Prepend", "prepend": "_"})", "a"), "_a");
  EXPECT_EQ(Applied(R"({"type": "Prepend", "prepend": "_"})", ""), "");
}

TEST(Normalizer, SequencesApplyInOrder) {
  const std::string_view steps = R"({"type": "Sequence", "normalizers": [{"type": "NFD"},
    {"type": "Sequence", "normalizers": [{"type": "StripAccents"}]}, {"type": "Lowercase"}]})";
  EXPECT_EQ(Applied(steps, "\u00c9a"), "ea");
  EXPECT_EQ(Applied(R"({"type": "Sequence", "normalizers": []})", "A"), "A");
}

TEST(Normalizer, SpacesBecomeMarks) {
  std::string text = "a b";
  ASSERT_TRUE(SpaceNormalizer(/*prefix=*/true)->Apply(text).ok());
  EXPECT_EQ(text, "\u2581a\u2581b");
  text = "a b";
  ASSERT_TRUE(SpaceNormalizer(/*prefix=*/false)->Apply(text).ok());
  EXPECT_EQ(text, "a\u2581b");
}

TEST(Normalizer, NullIsNone) {
  EXPECT_EQ(Applied("null", "a"), "(none)");
  EXPECT_EQ(Applied(R"({"type": "Precompiled", "precompiled_charsmap": null})", "a"), "(none)");
}

// Steps that each multiply a text's length end before memory does.
TEST(Normalizer, AnExplodingSequenceIsRefused) {
  std::string steps;
  for (int i = 0; i < 12; ++i) {
    steps += StrCat(i == 0 ? "" : ",", R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaa"})");
  }
  const Result<NormalizerPtr> made = Parsed(StrCat(R"({"type": "Sequence", "normalizers": [)", steps, "]}"));
  ASSERT_TRUE(made.ok());
  std::string text(100, 'a');
  EXPECT_EQ((*made)->Apply(text).code(), StatusCode::kExhausted);
}

TEST(Normalizer, RefusesByName) {
  const struct {
    std::string_view spec;
    StatusCode code;
    std::string_view says;
  } kCases[] = {
      {R"({"type": "Magic"})", StatusCode::kUnimplemented, "Magic"},
      {R"({})", StatusCode::kCorruption, "normalizer.type"},
      {R"([])", StatusCode::kCorruption, "normalizer"},
      {R"({"type": "Strip", "strip_left": 1, "strip_right": true})", StatusCode::kCorruption, "strip_left"},
      {R"({"type": "Replace", "pattern": {"String": ""}, "content": "x"})", StatusCode::kUnimplemented, "pattern"},
      {R"({"type": "Replace", "pattern": {"Regex": "("}, "content": "x"})", StatusCode::kUnimplemented, "pattern"},
      {R"({"type": "Precompiled", "precompiled_charsmap": "?"})", StatusCode::kCorruption, "base64"},
      {R"({"type": "Sequence", "normalizers": [{"type": "Magic"}]})", StatusCode::kUnimplemented, "Magic"},
  };
  for (const auto& c : kCases) {
    const Result<NormalizerPtr> made = Parsed(c.spec);
    ASSERT_FALSE(made.ok()) << c.spec;
    EXPECT_EQ(made.status().code(), c.code) << made.status().message();
    EXPECT_NE(made.status().message().find(c.says), std::string::npos) << made.status().message();
  }
}

}  // namespace
}  // namespace pano::tokenizer
