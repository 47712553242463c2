#include "app/http/sse.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::http {
namespace {

std::vector<std::string> Parse(std::string_view text, size_t step) {
  std::vector<std::string> events;
  SseParser parser(
      [&](const SseEvent& e) { events.push_back(StrCat(e.event, '|', e.data, '|', e.id)); });
  for (size_t at = 0; at < text.size(); at += step) EXPECT_TRUE(parser.Feed(text.substr(at, step)));
  return events;
}

TEST(Sse, GivesTheSameEventsWhateverThePieces) {
  const std::string_view text =
      "\xEF\xBB\xBF: comment\n\ndata: a\n\nevent: progress\r\nid: 7\r\ndata:b\r\ndata:  c\r\n\r\n"
      "event: none\n\ndata\rretry: 5\rodd\r\rdata: unfinished\n";
  const std::vector<std::string> want = {"message|a|", "progress|b\n c|7", "message||7"};
  for (size_t step = 1; step <= text.size(); ++step) EXPECT_EQ(Parse(text, step), want) << step;
}

TEST(Sse, WritesWhatItReads) {
  std::string text;
  AppendSseEvent(text, "progress", "1", "a");
  EXPECT_EQ(text, "event: progress\nid: 1\ndata: a\n\n");
  text.clear();
  AppendSseEvent(text, "", "", "");
  EXPECT_EQ(text, "data: \n\n");
  text = kSseKeepAlive;
  AppendSseEvent(text, "", "2", "one\ntwo\r\n\r three\n");
  AppendSseEvent(text, "x", "", ":\u00e9");
  const std::vector<std::string> want = {"message|one\ntwo\n\n three\n|2", "x|:\u00e9|2"};
  for (size_t step = 1; step <= text.size(); ++step) EXPECT_EQ(Parse(text, step), want) << step;
}

TEST(Sse, RefusesAnEndlessEvent) {
  SseParser parser([](const SseEvent&) {}, 100);
  EXPECT_TRUE(parser.Feed("data: 0123456789\n"));
  EXPECT_FALSE(parser.Feed(std::string(200, 'x')));
  EXPECT_FALSE(parser.Feed("\n\n"));
}

}  // namespace
}  // namespace pano::http
