#include "app/http/message/chunked.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::http {
namespace {

using State = ChunkedDecoder::State;

State Decode(std::string_view bytes, uint64_t bytes_max, size_t step, std::string* body,
             size_t* used) {
  ChunkedDecoder decoder(bytes_max);
  *used = 0;
  while (*used < bytes.size() && decoder.state() == State::kMore) {
    *used += decoder.Feed(bytes.substr(*used, step), *body);
  }
  return decoder.state();
}

TEST(Chunked, DecodesWhateverThePieces) {
  const std::string_view text =
      "3\r\nabc\r\n00A;name=\"v\"\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nNEXT";
  for (size_t step = 1; step <= text.size(); ++step) {
    std::string body;
    size_t used;
    EXPECT_EQ(Decode(text, 100, step, &body, &used), State::kDone);
    EXPECT_EQ(body, "abc0123456789");
    EXPECT_EQ(text.substr(used), "NEXT");
  }
}

TEST(Chunked, RoundTrip) {
  const std::string text =
      StrCat(EncodeChunk("hello"), EncodeChunk(std::string(300, 'x')), kLastChunk);
  std::string body;
  size_t used;
  EXPECT_EQ(Decode(text, 305, text.size(), &body, &used), State::kDone);
  EXPECT_EQ(body, StrCat("hello", std::string(300, 'x')));
}

TEST(Chunked, CountsTheWholeBody) {
  std::string body;
  size_t used;
  EXPECT_EQ(Decode("3\r\nabc\r\n3\r\n", 5, 100, &body, &used), State::kTooLarge);
  EXPECT_EQ(Decode("fffffffffffffff\r\n", 5, 100, &body, &used), State::kTooLarge);
}

TEST(Chunked, RefusesWhatIsIllFormed) {
  const std::string long_extension = StrCat("1;", std::string(300, 'a'));
  const std::string long_trailer = StrCat("0\r\nA: ", std::string(10'000, 'a'));
  for (std::string_view bad : std::initializer_list<std::string_view>{
           "\r\n", "g\r\n", "-1\r\n", " 1\r\n", "1 \r\n", "0x1\r\n", "1\n", "1\r\r", "1\r\nab\r\n",
           "1\r\na\n", "1;\n", "0\r\n\n", "0\r\n\r\r", "0\r\nA: b\n", "ffffffffffffffff\r\n",
           long_extension, long_trailer}) {
    std::string body;
    size_t used;
    EXPECT_EQ(Decode(bad, 100, bad.size(), &body, &used), State::kMalformed) << bad;
  }
}

}  // namespace
}  // namespace pano::http
