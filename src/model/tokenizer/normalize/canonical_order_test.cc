// 400 kB of combining marks out of order took ICU 29 s of processor time: it sorts a run by insertion.
#include "model/tokenizer/normalize/canonical_order.h"

#include <gtest/gtest.h>

#include <ctime>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/normalize/normalizer.h"

namespace pano::tokenizer {
namespace {

const icu::Normalizer2& Form(bool compatible) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = compatible ? icu::Normalizer2::getNFKDInstance(error)
                                            : icu::Normalizer2::getNFDInstance(error);
  EXPECT_FALSE(U_FAILURE(error));
  return *form;
}

const icu::UnicodeSet& Everything() {
  static const icu::UnicodeSet all(0, 0x10ffff);
  return all;
}

std::string Repeated(std::string_view part, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += part;
  return out;
}

std::string Normalized(const icu::Normalizer2& form, std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  form.normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink, nullptr,
                     error);
  EXPECT_FALSE(U_FAILURE(error));
  return out;
}

NormalizerPtr Make(std::string_view type) {
  json::Value spec;
  spec.Set("type", type);
  return MakeNormalizer(Field(spec, "normalizer")).value();
}

TEST(CanonicalOrder, KnowsEveryCharacterThatBeginsCombining) {
  for (const bool compatible : {false, true}) {
    const icu::Normalizer2& form = Form(compatible);
    for (char32_t c = 0; c <= 0x10ffff; ++c) {
      icu::UnicodeString parts;
      const auto own = static_cast<UChar32>(c);
      const UChar32 first = form.getDecomposition(own, parts) ? parts.char32At(0) : own;
      ASSERT_EQ(BeginsCombining(form, compatible, c), form.getCombiningClass(first) != 0)
          << static_cast<uint32_t>(c);
    }
  }
}

TEST(CanonicalOrder, TheTextStaysEquivalent) {
  // Marks of several classes, some of which decompose, with bases in between.
  constexpr char32_t kMarks[] = {0x300, 0x316, 0x344, 0x345, 0x334, 0x3099, 0xff9e, 0xf73, 0x5b0, 0x1d165};
  Random random(1);
  for (int round = 0; round < 30; ++round) {
    std::string text = "a";
    const size_t count = 20 + random.Next() % 400;
    for (size_t i = 0; i < count; ++i) Utf8Append(text, kMarks[random.Next() % std::size(kMarks)]);
    text += "e\u0301z";
    for (const bool compatible : {false, true}) {
      std::string ordered = text;
      OrderLongRuns(Form(compatible), compatible, Everything(), ordered, nullptr);
      EXPECT_EQ(Normalized(Form(compatible), ordered), Normalized(Form(compatible), text));
    }
  }
}

TEST(CanonicalOrder, ShortRunsAndPlainTextStay) {
  for (const std::string& text : {std::string("plain"), std::string("e\u0301\u0316"),
                                  "a" + Repeated("\u0301\u0316", kShortRunMax / 2) + "b"}) {
    std::string same = text;
    OrderLongRuns(Form(false), false, Everything(), same, nullptr);
    EXPECT_EQ(same, text);
  }
}

TEST(CanonicalOrder, BoundariesMoveAlong) {
  const std::string run = Repeated("\u0301\u0316", kShortRunMax);
  std::string text = "ab" + run + "cd";
  Boundaries places = {1, 4, 6, text.size() - 1};   // the second begins and the first ends inside the run
  OrderLongRuns(Form(false), false, Everything(), text, &places);
  EXPECT_EQ(places, (Boundaries{1, 2 + run.size(), 2, text.size() - 1}));
}

// Whatever the order of the marks: a quadratic sort would take minutes.
TEST(CanonicalOrder, LongRunsAreLinear) {
  constexpr size_t kMarks = 200'000;
  const std::vector<std::string> texts = {
      Repeated("\u0300", kMarks) + Repeated("\u0316", kMarks),
      "e" + Repeated("\u0300\u0316", kMarks),
      Repeated("\u0f73\u0f71", kMarks / 2),
      Repeated("\uff9e", kMarks) + Repeated("\u0334", kMarks),   // combining by compatibility only
      Repeated("\u0344", kMarks) + Repeated("\u0345\u0316", kMarks),
      Repeated("\u00e9\u0316\u0300", kMarks),
  };
  const std::clock_t begin = std::clock();
  for (const char* type : {"NFC", "NFD", "NFKC", "NFKD", "BertNormalizer"}) {
    const NormalizerPtr form = Make(type);
    for (std::string text : texts) EXPECT_TRUE(form->Apply(text).ok());
  }
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 60);
}

}  // namespace
}  // namespace pano::tokenizer
