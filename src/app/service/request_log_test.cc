#include "app/service/request_log.h"

#include <gtest/gtest.h>

namespace pano::service {
namespace {

api::RequestRecord Record() {
  api::RequestRecord record;
  record.method = "POST";
  record.target = "/v1/completions?key=secret";
  record.route = "/v1/completions";
  record.model = "org/m";
  record.id = "req-1";
  record.status = 200;
  record.seconds = 0.01234;
  record.tokens = {5, 16};
  return record;
}

TEST(RequestLog, IsALineWithoutTheQuery) {
  RequestLine line = MakeRequestLine(Record());
  EXPECT_EQ(line.level, LogLevel::kInfo);
  EXPECT_EQ(line.text, "[request] POST /v1/completions org/m 200 5+16 tokens 12.3 ms req-1");
  EXPECT_EQ(json::Dump(line.members),
            R"({"event":"request","method":"POST","path":"/v1/completions","model":"org/m","status":200,)"
            R"("prompt_tokens":5,"completion_tokens":16,"ms":12.3,"id":"req-1"})");
}

TEST(RequestLog, HostileBytesAreEscapedAndCut) {
  api::RequestRecord record = Record();
  const std::string target = "/a\n[request] forged\x1b[31m\xff" + std::string(1000, 'x');
  record.target = target;
  RequestLine line = MakeRequestLine(record);
  EXPECT_LT(line.text.size(), 400u);
  for (char c : line.text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << static_cast<int>(c);
}

TEST(RequestLog, ProbesAreQuietWhileTheyAreFine) {
  api::RequestRecord record = Record();
  record.route = "/readyz";
  record.model = "";
  EXPECT_EQ(MakeRequestLine(record).level, LogLevel::kDebug);
  record.status = 503;
  EXPECT_EQ(MakeRequestLine(record).level, LogLevel::kInfo);
  EXPECT_TRUE(MakeRequestLine(record).members.Find("model")->is_null());
  // What the HTTP layer refuses itself is known by its status and id alone.
  api::RequestRecord refused;
  refused.status = 413;
  refused.id = "r";
  EXPECT_EQ(MakeRequestLine(refused).text, "[request] - - - 413 0+0 tokens 0 ms r");
}

}  // namespace
}  // namespace pano::service
