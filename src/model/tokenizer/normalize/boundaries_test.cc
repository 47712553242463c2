#include "model/tokenizer/normalize/boundaries.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/strings.h"
#include "model/tokenizer/normalize/normalizer.h"
#include "model/tokenizer/normalize/sentencepiece_normalizer.h"

namespace pano::tokenizer {
namespace {

// The text with its range in brackets, after normalisation.
std::string Moved(const Normalizer& normalizer, std::string_view before, std::string_view inside,
                  std::string_view after) {
  std::string text = StrCat(before, inside, after);
  Boundaries range = {before.size(), before.size() + inside.size()};
  std::string alone = text;
  EXPECT_TRUE(normalizer.Apply(alone).ok());
  EXPECT_TRUE(normalizer.Apply(text, &range).ok());
  EXPECT_EQ(text, alone);   // boundaries change nothing
  const std::string_view out = text;
  return StrCat(out.substr(0, range[0]), "[", out.substr(range[0], range[1] - range[0]), "]",
                out.substr(range[1]));
}

std::string Moved(std::string_view spec, std::string_view before, std::string_view inside,
                  std::string_view after) {
  const json::Value value = json::Parse(spec).value();
  return Moved(*MakeNormalizer(Field(value, "normalizer")).value(), before, inside, after);
}

TEST(Boundaries, MoveThroughEveryNormalizer) {
  EXPECT_EQ(Moved(R"({"type": "Lowercase"})", "A\u0130", "\u0130B", "\u00c9"), "ai\u0307[i\u0307b]\u00e9");
  EXPECT_EQ(Moved(R"({"type": "NFD"})", "\u00e9", "\u00e9x", "\u00e9"), "e\u0301[e\u0301x]e\u0301");
  EXPECT_EQ(Moved(R"({"type": "NFKC"})", "x\ufb01", "\ufb01", "\u2460"), "xfi[fi]1");
  EXPECT_EQ(Moved(R"({"type": "StripAccents"})", "a\u0301", "b\u0301", "c"), "a[b]c");
  EXPECT_EQ(Moved(R"({"type": "Strip", "strip_left": true, "strip_right": true})", "  a", "b  ", "  "),
            "a[b]");
  EXPECT_EQ(Moved(R"({"type": "Replace", "pattern": {"String": "a"}, "content": "xyz"})", "a", "ba", "a"),
            "xyz[bxyz]xyz");
  EXPECT_EQ(Moved(R"({"type": "Replace", "pattern": {"Regex": "a+"}, "content": ""})", "aa", "ba", "c"), "[b]c");
  EXPECT_EQ(Moved(R"({"type": "ByteLevel"})", " ", "\u00e9 ", "a"), "\u0120[\u00c3\u00a9\u0120]a");
  EXPECT_EQ(Moved(R"({"type": "BertNormalizer"})", "\u4e2d", "\u00c9\u6587", "A"), " \u4e2d [e \u6587 ]a");
  EXPECT_EQ(Moved(R"({"type": "Nmt"})", "\u200b", "a\x01\u3000", "b"), " [a\u3000]b");
  EXPECT_EQ(Moved(R"({"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"},
                     {"type": "Prepend", "prepend": "__"}]})", "\u00e9", "\u00e9", "x"),
            "__e[e]x");
  SentencePieceRules rules;
  EXPECT_EQ(Moved(*SentencePieceNormalizer(rules).value(), "  a", "  b", " c  "),
            "\u2581a[\u2581b]\u2581c");
}

// A range that ends inside of what becomes one thing keeps all of it: what a user typed stays marked.
TEST(Boundaries, NeverLoseWhatARangeHeld) {
  EXPECT_EQ(Moved(R"({"type": "NFC"})", "e", "\u0301", "x"), "[\u00e9]x");
  EXPECT_EQ(Moved(R"({"type": "NFC"})", "x", "e", "\u0301"), "x[\u00e9]");
  EXPECT_EQ(Moved(R"({"type": "Replace", "pattern": {"String": "abc"}, "content": "-"})", "a", "b", "c"), "[-]");
  EXPECT_EQ(Moved(R"({"type": "Prepend", "prepend": "_"})", "", "ab", "c"), "[_ab]c");
}

TEST(Boundaries, EmptyRangesAndTexts) {
  EXPECT_EQ(Moved(R"({"type": "Lowercase"})", "A", "", "B"), "a[]b");
  EXPECT_EQ(Moved(R"({"type": "Lowercase"})", "", "", ""), "[]");
  EXPECT_EQ(Moved(R"({"type": "NFC"})", "", "\u00e9", ""), "[\u00e9]");
}

}  // namespace
}  // namespace pano::tokenizer
