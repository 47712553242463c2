// Known answers: what models of many families wrote, and the message that it means; also cut into
// pieces at every place.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/random.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/testing/tar_archive.h"
#include "model/tools/json_scanner.h"
#include "model/tools/testing/parsing.h"
#include "model/tools/tool_format.h"

namespace pano::tools {
namespace {

using json::Value;
using testing::ParseWhole;

constexpr const char* kTemplates = "api_security/chat_templates_jinja.tar";

std::string TextOf(const Value* value) {
  return value && value->is_string() ? value->as_string() : std::string();
}

// Whether `text` is JSON, or, where it may be cut, the beginning of some.
bool IsJson(const std::string& text, bool cut) {
  if (json::Parse(text).ok()) return true;
  JsonScanner scanner;
  for (char c : text) {
    if (scanner.Step(c) == JsonScanner::Result::kError) return false;
  }
  return cut;
}

// "" or what is wrong with a message that has no one right answer.
std::string CheckHolds(const Message& message, const Tools& tools, bool cut) {
  for (const ToolCall& call : message.calls) {
    if (!FindTool(tools, call.name)) return StrCat("unknown function ", call.name);
    if (!IsJson(call.arguments, cut)) return StrCat("arguments ", call.arguments);
  }
  return {};
}

std::string CheckExpected(const Message& message, const Value& expect) {
  if (Trim(message.content) != Trim(TextOf(expect.Find("content")))) {
    return StrCat("content '", message.content, "'");
  }
  const std::string_view reasoning = Trim(message.reasoning);
  if (const Value* any = expect.Find("reasoning_any")) {
    bool found = false;
    for (const Value& one : any->as_array()) found = found || Trim(TextOf(&one)) == reasoning;
    if (!found) return StrCat("reasoning '", message.reasoning, "'");
  } else if (reasoning != Trim(TextOf(expect.Find("reasoning_content")))) {
    return StrCat("reasoning '", message.reasoning, "'");
  }
  const json::Array& calls = expect.Find("tool_calls")->as_array();
  if (calls.size() != message.calls.size()) return StrCat(message.calls.size(), " calls");
  for (size_t i = 0; i < calls.size(); ++i) {
    const ToolCall& call = message.calls[i];
    if (call.name != TextOf(calls[i].Find("name"))) return StrCat("name ", call.name);
    const Result<Value> arguments = json::Parse(call.arguments);
    if (!arguments.ok() || !(*arguments == *calls[i].Find("arguments"))) {
      return StrCat("arguments ", call.arguments);
    }
    if (call.id.empty()) return "a call without an id";
  }
  return {};
}

TEST(GoldenToolCalls, AreReadAndSplitAnywhere) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/tools/cases.jsonl");
  const auto archive =
      ReadFile(JoinPath(SharedFolder(PANO_SOURCE_DIR), StrCat("data/", kTemplates)));
  ASSERT_TRUE(archive.ok()) << archive.error().message();
  std::map<std::string, std::string> templates;
  for (const auto& [name, text] : ReadTar(*archive)) {
    const std::string file = name.substr(name.rfind('/') + 1);
    templates[file.substr(0, file.rfind(".jinja"))] = text;
  }
  const auto text = ReadFile(answers.path());
  ASSERT_TRUE(text.ok()) << text.error().message();
  const std::vector<std::string_view> lines = Split(*text, '\n');
  const auto header = json::Parse(lines[0]);
  ASSERT_TRUE(header.ok());
  const auto read = ReadTools(*header->Find("tools"));
  ASSERT_TRUE(read.ok()) << read.error().message();
  const ToolsPtr tools = std::make_shared<const Tools>(*read);

  std::printf("%-52s %-18s %6s %6s %8s\n", "template", "format", "cases", "failed", "splits");
  for (size_t i = 1; i < lines.size(); ++i) {
    if (Trim(lines[i]).empty()) continue;
    const auto line = json::Parse(lines[i]);
    ASSERT_TRUE(line.ok());
    const std::string name = TextOf(line->Find("template"));
    ASSERT_TRUE(templates.contains(name)) << name;
    const ToolFormatPtr format = ToolFormat::Detect(templates[name]);
    const ParserSettings settings{.tools = tools,
                                  .prompt_end = TextOf(line->Find("prompt_ends_with"))};
    size_t cases = 0, failed = 0, splits = 0;
    for (const Value& test : line->Find("cases")->as_array()) {
      const std::string output = TextOf(test.Find("output"));
      const Message message = ParseWhole(*format, settings, output);
      const Value* expect = test.Find("expect");
      std::string wrong = expect ? CheckExpected(message, *expect)
                                 : CheckHolds(message, *tools, test.Find("cut") != nullptr);
      // As a grammar would have let it through, its arguments streamed.
      ParserSettings trusted = settings;
      trusted.trusted = true;
      const Message streamed = ParseWhole(*format, trusted, output);
      if (wrong.empty() && expect) wrong = CheckExpected(streamed, *expect);
      for (const ParserSettings& how : {settings, trusted}) {
        if (wrong.empty()) wrong = testing::CheckSplits(*format, how, output, &splits);
      }
      EXPECT_EQ(wrong, "") << name << ": " << TextOf(test.Find("name")) << "\n" << output;
      failed += wrong.empty() ? 0 : 1;
      ++cases;
      answers.Compared(1);
    }
    std::printf("%-52s %-18s %6zu %6zu %8zu\n", name.c_str(), format->name().c_str(), cases, failed,
                splits);
  }
}

}  // namespace
}  // namespace pano::tools
