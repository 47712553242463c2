#include "app/batches/batch_input.h"

#include <gtest/gtest.h>

#include "app/batches/testing/temporary_store.h"
#include "base/strings.h"

namespace pano::batches {
namespace {

using testing::InputLine;

// "N lines", or the codes of what is wrong with their lines.
std::string Check(const std::string& text, InputLimits limits = {}) {
  testing::TemporaryStore store;
  const std::string id = store->AddFile("t", "f", "batch", text, 0).value().id;
  const InputReport report = CheckInput(store->PathOf(id), "/v1/completions", limits).value();
  if (report.errors.empty()) return StrCat(report.lines, " lines");
  std::string codes;
  for (const json::Value& error : report.errors) {
    const json::Value& line = *error.Find("line");
    codes += StrCat(codes.empty() ? "" : " ", error.Find("code")->as_string(), line.is_null() ? "" : StrCat("@", line.as_int()));
  }
  return codes;
}

TEST(BatchInput, LinesAreRequests) {
  EXPECT_EQ(Check(InputLine("a") + "\r\n\n" + InputLine("b")), "2 lines");
  std::string last = InputLine("c");
  last.pop_back();
  EXPECT_EQ(Check(InputLine("a") + last), "2 lines");
}

TEST(BatchInput, SaysWhatIsWrongWithWhichLine) {
  EXPECT_EQ(Check(""), "empty_file");
  EXPECT_EQ(Check("\n\n"), "empty_file");
  EXPECT_EQ(Check(InputLine("a") + "nonsense\n" + InputLine("a") + "[]\n"),
            "invalid_json_line@2 duplicate_custom_id@3 invalid_request@4");
  // Blank lines count, as in an editor.
  EXPECT_EQ(Check("\n \r\n" + InputLine("a") + "\n\nnonsense\n\n" + InputLine("a")), "invalid_json_line@6 duplicate_custom_id@8");
  EXPECT_EQ(Check(R"({"method":"POST","url":"/v1/completions","body":{}})"), "missing_required_parameter@1");
  EXPECT_EQ(Check(R"({"custom_id":"a","method":"GET","url":"/v1/completions","body":{}})"), "invalid_method@1");
  EXPECT_EQ(Check(R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{}})"), "mismatched_endpoint@1");
  EXPECT_EQ(Check(R"({"custom_id":"a","method":"POST","url":"/v1/completions","body":7})"), "missing_required_parameter@1");
  EXPECT_EQ(Check(StrCat(R"({"custom_id":")", std::string(513, 'x'), R"("})")), "invalid_request@1");
}

TEST(BatchInput, IsBounded) {
  EXPECT_EQ(Check(InputLine("a") + InputLine("b") + InputLine("c"), {.lines_max = 2}), "too_many_lines");
  EXPECT_EQ(Check(InputLine("a") + InputLine("b", std::string(300'000, 'x')), {.line_bytes_max = 200'000}), "line_too_long@2");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "x\n";
  testing::TemporaryStore store;
  const std::string id = store->AddFile("t", "f", "batch", many, 0).value().id;
  EXPECT_EQ(CheckInput(store->PathOf(id), "/v1/completions", {})->errors.size(), InputReport::kErrorsMax);
}

}  // namespace
}  // namespace pano::batches
