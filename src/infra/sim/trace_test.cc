#include "infra/sim/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::sim {
namespace {

using testing::HasSubstr;

constexpr char kHead[] = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

TEST(TraceTest, ReadsAzuresFormat) {
  const auto trace = ParseTrace(std::string(kHead) + "2026-01-01 00:00:00.0602173,1000,6\r\n2026-01-01 00:01:00.5,2,1\n2026-01-02 00:00:00,3,4");
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  ASSERT_EQ(trace->size(), 3u);
  EXPECT_DOUBLE_EQ((*trace)[0].arrival_s, 0.0602173);
  EXPECT_EQ((*trace)[0].input_tokens, 1000);
  EXPECT_EQ((*trace)[0].output_tokens, 6);
  EXPECT_DOUBLE_EQ((*trace)[1].arrival_s, 60.5);
  EXPECT_DOUBLE_EQ((*trace)[2].arrival_s, 86'400);
}

TEST(TraceTest, ReadsColumnsInAnyOrderAndMooncakesLines) {
  const auto csv = ParseTrace("GeneratedTokens,Model,TIMESTAMP,ContextTokens\n5,x,2024-02-29T23:59:59Z,7\n");
  ASSERT_TRUE(csv.ok()) << csv.error().message();
  EXPECT_EQ(csv->front().output_tokens, 5);
  EXPECT_DOUBLE_EQ(csv->front().arrival_s, 86'399);
  const auto lines = ParseTrace(R"({"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0]}
{"timestamp": 3000, "input_length": 7, "output_length": 1}
)");
  ASSERT_TRUE(lines.ok()) << lines.error().message();
  EXPECT_DOUBLE_EQ((*lines)[1].arrival_s, 3);
}

TEST(TraceTest, HolesAreNamedWithTheirLine) {
  const struct {
    std::string text;
    const char* why;
  } kBad[] = {
      {"", "empty"},
      {" \n\n", "empty"},
      {"a,b\n1,2\n", "line 1: is no header"},
      {"TIMESTAMP,TIMESTAMP,ContextTokens,GeneratedTokens\n", "twice"},
      {kHead, "no requests"},
      {std::string(kHead) + "2026-01-01 00:00:00,5\n", "line 2: has 2 values, the header 3"},
      {std::string(kHead) + "2026-01-01 00:00:00,,5\n", "ContextTokens '' is no whole number"},
      {std::string(kHead) + "2026-01-01 00:00:00,nan,5\n", "ContextTokens 'nan'"},
      {std::string(kHead) + "2026-01-01 00:00:00,5,1.5\n", "GeneratedTokens '1.5'"},
      {std::string(kHead) + "2026-01-01 00:00:00,-5,1\n", "has -5 input tokens"},
      {std::string(kHead) + "2026-01-01 00:00:00,5,0\n", "has 0 output tokens"},
      {std::string(kHead) + "2026-01-01 00:00:00,5,99999999999\n", "output tokens"},
      {std::string(kHead) + "2026-13-01 00:00:00,5,1\n", "line 2: TIMESTAMP"},
      {std::string(kHead) + "yesterday,5,1\n", "TIMESTAMP 'yesterday'"},
      {std::string(kHead) + "2026-01-01 00:00:02,5,1\n2026-01-01 00:00:01,5,1\n", "line 3: is 1 s earlier"},
      {std::string(kHead) + "2026-01-01 00:00:02,5,1\n\n2026-01-01 00:00:03,5,1\n", "line 3: is empty"},
      {R"({"timestamp": 0, "input_length": 3})", "line 1: output_length"},
      {R"({"timestamp": -1, "input_length": 3, "output_length": 3})", "timestamp"},
      {R"({"timestamp": 0, "input_length": "3", "output_length": 3})", "input_length"},
      {"{\"timestamp\": 0, \"input_length\": 3, \"output_length\": 3}\n{", "line 2"},
  };
  for (const auto& bad : kBad) {
    const auto trace = ParseTrace(bad.text);
    ASSERT_FALSE(trace.ok()) << bad.text;
    EXPECT_THAT(trace.error().message(), HasSubstr(bad.why)) << bad.text;
  }
}

TEST(TraceTest, RequestsHaveTenants) {
  std::vector<std::string> tenants;
  const auto csv = ParseTrace("TIMESTAMP,Tenant,ContextTokens,GeneratedTokens\n2026-01-01 00:00:00,b,1,2\n2026-01-01 00:00:01,a,1,2\n2026-01-01 00:00:02,b,1,2\n", &tenants);
  ASSERT_TRUE(csv.ok()) << csv.error().message();
  EXPECT_EQ(tenants, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ((*csv)[0].tenant, 0);
  EXPECT_EQ((*csv)[1].tenant, 1);
  EXPECT_EQ((*csv)[2].tenant, 0);
  const auto lines = ParseTrace("{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 6, \"tenant\": \"x\"}\n"
                                "{\"timestamp\": 1, \"input_length\": 5, \"output_length\": 6}\n", &tenants);
  ASSERT_TRUE(lines.ok()) << lines.error().message();
  EXPECT_EQ(tenants, (std::vector<std::string>{"x", ""}));
  ASSERT_TRUE(ParseTrace("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01 00:00:00,1,2\n", &tenants).ok());
  EXPECT_EQ(tenants, std::vector<std::string>{""});
  EXPECT_THAT(ParseTrace("{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 6, \"tenant\": 3}\n").error().message(), HasSubstr("tenant is no text"));
  std::string many = "TIMESTAMP,ContextTokens,GeneratedTokens,Tenant\n";
  for (size_t i = 0; i <= kTraceTenantsMax; ++i) many += "2026-01-01 00:00:00,1,2,t" + std::to_string(i) + "\n";
  EXPECT_THAT(ParseTrace(many).error().message(), HasSubstr("more than 256 tenants"));
}

}  // namespace
}  // namespace pano::sim
