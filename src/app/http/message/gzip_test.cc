#include "app/http/message/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "app/http/testing/gzip_text.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using State = GzipDecoder::State;
using testing::Gzip;

State Decode(GzipDecoder& decoder, std::string_view bytes, size_t step, std::string& body) {
  for (size_t at = 0; at < bytes.size(); at += step) decoder.Feed(bytes.substr(at, step), body);
  return decoder.state();
}

TEST(Gzip, GivesTheSameTextWhateverThePieces) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += StrCat(i * i, ",");
  const std::string packed = Gzip(text);
  for (size_t step : {size_t{1}, size_t{7}, size_t{1000}, packed.size()}) {
    GzipDecoder decoder(text.size());  // exactly as much as there is
    std::string body;
    EXPECT_EQ(Decode(decoder, packed, step, body), State::kWhole) << step;
    EXPECT_EQ(body, text);
  }
}

TEST(Gzip, MembersMayFollowEachOther) {
  const std::string packed = Gzip("ab") + Gzip("") + Gzip("c");
  for (size_t step : {size_t{1}, packed.size()}) {
    GzipDecoder decoder(3);
    std::string body;
    EXPECT_EQ(Decode(decoder, packed, step, body), State::kWhole);
    EXPECT_EQ(body, "abc");
  }
}

TEST(Gzip, WhatIsCutShortIsNotWhole) {
  const std::string packed = Gzip("hello");
  for (size_t size = 0; size < packed.size(); ++size) {
    GzipDecoder decoder(100);
    std::string body;
    EXPECT_EQ(Decode(decoder, packed.substr(0, size), 1, body), State::kMore) << size;
  }
}

TEST(Gzip, RefusesWhatIsNoGzip) {
  std::string wrong_sum = Gzip("hello");
  wrong_sum[wrong_sum.size() - 5] ^= 1;
  for (const std::string& bytes : {std::string("{\"prompt\":1}"), Gzip("a") + "rest", wrong_sum,
                                   std::string("\x78\x9c\x4b\x04\x00\x00\x62\x00\x62", 9)}) {
    GzipDecoder decoder(100);
    std::string body;
    EXPECT_EQ(Decode(decoder, bytes, 3, body), State::kMalformed);
    EXPECT_EQ(decoder.Feed("x", body), State::kMalformed);
  }
}

TEST(Gzip, RefusesMoreThanTheLimitWithoutMakingIt) {
  const std::string packed = Gzip(std::string(60'000, ' '));
  GzipDecoder decoder(59'999);
  std::string body;
  EXPECT_EQ(decoder.Feed(packed, body), State::kTooLarge);
  EXPECT_LE(body.size(), 59'999u);
}

// A megabyte of spaces is a kilobyte of gzip: the work ends at a hundred times what came.
TEST(Gzip, RefusesWhatIsTooDense) {
  const std::string packed = Gzip(std::string(1 << 20, ' '));
  ASSERT_LT(packed.size(), 2000u);
  GzipDecoder decoder(1 << 30);
  std::string body;
  EXPECT_EQ(decoder.Feed(packed, body), State::kTooDense);
  EXPECT_LE(body.size(), GzipDecoder::kRatioMax * packed.size());

  GzipDecoder small(1 << 30);
  body.clear();
  EXPECT_EQ(small.Feed(Gzip(std::string(60'000, ' ')), body), State::kWhole);
}

}  // namespace
}  // namespace pano::http
