// The grammar and the parser of a format say the same: what the grammar writes the parser reads, and what
// templates write the grammar takes.
#include "model/tools/grammar/answer_grammar.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/random.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/testing/tar_archive.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/grammar_matcher.h"
#include "model/tools/call_format.h"

namespace pano::tools {
namespace {

using json::Value;
using Kind = ToolChoice::Kind;

ToolsPtr ReadSome(const Value& list) {
  return std::make_shared<const Tools>(ReadTools(list).value());
}

ToolsPtr SomeTools() {
  return ReadSome(json::Parse(R"([
      {"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},
       "unit":{"type":"string","enum":["celsius","fahrenheit"]},"days":{"type":"integer"},
       "exact":{"type":"boolean"}},"required":["city"]}},
      {"name":"ping","parameters":{"type":"object","properties":{}}}])")
                      .value());
}

bool Accepts(const grammar::Grammar& grammar, std::string_view text) {
  grammar::ByteMatcher matcher(grammar);
  return matcher.AcceptBytes(text) && matcher.IsAccepting();
}

// Each byte is a token.
std::shared_ptr<const grammar::TokenTable> Bytes() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  return grammar::TokenTable::Create(tokens).value();
}

// A text of the grammar, drawn byte by byte: letters and marks that matter are likelier, and where it may
// end it soon does.
std::string Draw(const grammar::Grammar& grammar, const std::vector<std::string>& marks, Random& random) {
  static const auto table = Bytes();
  grammar::GrammarMatcher matcher(grammar::CompiledGrammar::Compile(grammar, table).value());
  std::string text;
  while (text.size() < 4000) {
    if (matcher.IsFinished() || (matcher.IsAccepting() && random.Below(4) == 0)) return text;
    const std::string& mark = marks[random.Below(marks.size())];
    if (random.Below(2) == 0 && matcher.AcceptBytes(mark)) {
      text += mark;
      continue;
    }
    std::vector<uint32_t> mask(table->mask_words());
    EXPECT_TRUE(matcher.FillMask(mask).ok());
    std::vector<int32_t> likely, others;
    for (int32_t byte = 0; byte < 256; ++byte) {
      if ((mask[static_cast<size_t>(byte) / 32] >> (byte % 32) & 1) == 0) continue;
      const bool matters = std::string_view("\"'}])>|<,\\\n").find(static_cast<char>(byte)) !=
                           std::string_view::npos;
      (matters ? likely : others).push_back(byte);
    }
    const bool take = !likely.empty() && (others.empty() || random.Below(2) == 0);
    const auto& from = take ? likely : others;
    if (from.empty()) break;
    const int32_t byte = from[random.Below(from.size())];
    EXPECT_TRUE(matcher.AcceptToken(byte));
    text.push_back(static_cast<char>(byte));
  }
  return {};
}

Message Read(const AnswerRules& rules, std::string_view text) {
  const auto parser = rules.format->MakeParser({.tools = rules.tools, .trusted = true});
  MessageDelta delta;
  parser->Append(text, &delta);
  parser->Finish(&delta);
  Message message;
  message.Merge(delta);
  return message;
}

// "" or how the arguments differ from what SomeTools wants.
std::string CheckCall(const ToolCall& call) {
  const auto arguments = json::Parse(call.arguments);
  if (!arguments.ok() || !arguments->is_object()) return StrCat("no object: ", call.arguments);
  if (call.name == "ping") {
    return arguments->as_object().empty() ? "" : StrCat("members: ", call.arguments);
  }
  const Value* city = arguments->Find("city");
  if (!city || !city->is_string()) return StrCat("city: ", call.arguments);
  if (const Value* unit = arguments->Find("unit")) {
    const bool known = unit->is_string() && (unit->as_string() == "celsius" ||
                                             unit->as_string() == "fahrenheit");
    if (!known) return StrCat("unit: ", call.arguments);
  }
  const Value* days = arguments->Find("days");
  if (days && !days->is_int() && !days->is_double()) return StrCat("days: ", call.arguments);
  const Value* exact = arguments->Find("exact");
  if (exact && !exact->is_bool()) return StrCat("exact: ", call.arguments);
  return {};
}

ToolFormatPtr FormatOf(const CallFormat& format) {
  std::string text;
  for (const std::string& part : format.signatures[0]) text += part;
  return ToolFormat::Detect(text);
}

std::vector<ToolFormatPtr> AllFormats() {
  std::vector<ToolFormatPtr> out = {ToolFormat::Detect("<|start|><|channel|><|message|>")};
  for (const CallFormat& format : CallFormats()) out.push_back(FormatOf(format));
  return out;
}

TEST(AnswerGrammar, WhatItWritesIsRead) {
  Random random(11);
  std::printf("%-18s %8s %8s %8s\n", "format", "drawn", "ended", "calls");
  for (const ToolFormatPtr& format : AllFormats()) {
    AnswerRules rules{.format = format, .tools = SomeTools()};
    size_t ended = 0, calls = 0;
    constexpr int kDraws = 40;
    for (Kind kind : {Kind::kRequired, Kind::kNamed}) {
      rules.choice = {.kind = kind, .name = "get_weather"};
      const auto grammar = BuildAnswerGrammar(rules);
      ASSERT_TRUE(grammar.ok()) << format->name() << ": " << grammar.error().message();
      for (int i = 0; i < kDraws; ++i) {
        const std::string text = Draw(*grammar, format->Marks(true), random);
        if (text.empty()) continue;
        ++ended;
        const Message message = Read(rules, text);
        EXPECT_FALSE(message.calls.empty()) << format->name() << "\n" << text;
        EXPECT_EQ(Trim(message.content), "") << format->name() << "\n" << text;
        if (kind == Kind::kNamed) {
          EXPECT_EQ(message.calls.size(), 1u) << text;
        }
        for (const ToolCall& call : message.calls) {
          EXPECT_EQ(CheckCall(call), "") << format->name() << "\n" << text;
          ++calls;
        }
      }
    }
    std::printf("%-18s %8d %8zu %8zu\n", format->name().c_str(), 2 * kDraws, ended, calls);
    EXPECT_GT(ended, static_cast<size_t>(kDraws)) << format->name();
  }
}

TEST(AnswerGrammar, TakesWhatTemplatesWrite) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/tools/cases.jsonl");
  const auto archive = ReadFile(JoinPath(SharedFolder(PANO_SOURCE_DIR),
                                         "data/api_security/chat_templates_jinja.tar"));
  ASSERT_TRUE(archive.ok());
  const auto templates = ReadTar(*archive);
  const auto text = ReadFile(answers.path());
  ASSERT_TRUE(text.ok());
  const std::vector<std::string_view> lines = Split(*text, '\n');
  const ToolsPtr tools = ReadSome(*json::Parse(lines[0])->Find("tools"));
  for (size_t i = 1; i < lines.size(); ++i) {
    if (Trim(lines[i]).empty()) continue;
    const Value line = json::Parse(lines[i]).value();
    const std::string name = line.Find("template")->as_string();
    const ToolFormatPtr format =
        ToolFormat::Detect(templates.at(StrCat("models/templates/", name, ".jinja")));
    const std::string prompt_end = line.Find("prompt_ends_with")->as_string();
    AnswerRules rules{.format = format,
                      .tools = tools,
                      .reasoning_begun = format->OpensReasoning(prompt_end),
                      .section_begun = format->OpensSection(prompt_end)};
    std::map<Kind, grammar::Grammar> grammars;
    for (Kind kind : {Kind::kAuto, Kind::kRequired}) {
      rules.choice.kind = kind;
      if (!NeedsGrammar(rules)) continue;
      const auto grammar = BuildAnswerGrammar(rules);
      ASSERT_TRUE(grammar.ok()) << name << ": " << grammar.error().message();
      grammars.emplace(kind, *grammar);
    }
    for (const Value& test : line.Find("cases")->as_array()) {
      const Value* expect = test.Find("expect");
      if (!expect || !test.Find("written_by_template")) continue;
      const std::string output = test.Find("output")->as_string();
      const bool calls = !expect->Find("tool_calls")->as_array().empty();
      const bool says = !expect->Find("content")->is_null();
      SCOPED_TRACE(StrCat(name, ": ", test.Find("name")->as_string(), "\n", output));
      if (const auto at = grammars.find(Kind::kAuto); at != grammars.end()) {
        EXPECT_TRUE(Accepts(at->second, output)) << "auto";
        answers.Compared(1);
      }
      if (calls && !says) {
        EXPECT_TRUE(Accepts(grammars.at(Kind::kRequired), output)) << "required";
        answers.Compared(1);
      }
    }
  }
}

TEST(AnswerGrammar, ContentMayHaveASchema) {
  const Value schema =
      json::Parse(R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],
                      "additionalProperties":false})").value();
  AnswerRules rules{.format = ToolFormat::Detect("<tool_call></think>"), .content_schema = schema};
  auto grammar = BuildAnswerGrammar(rules).value();
  EXPECT_TRUE(Accepts(grammar, "{\"a\": 1}"));
  EXPECT_TRUE(Accepts(grammar, "<think>hm</think>\n{\"a\": 1}"));
  EXPECT_FALSE(Accepts(grammar, "{\"a\": \"x\"}"));
  rules.reasoning_begun = true;
  grammar = BuildAnswerGrammar(rules).value();
  EXPECT_TRUE(Accepts(grammar, "hm\n</think>\n\n{\"a\": 1}"));
  EXPECT_FALSE(Accepts(grammar, "{\"a\": 1}"));
  rules.reasoning_begun = false;
  rules.tools = SomeTools();
  grammar = BuildAnswerGrammar(rules).value();
  EXPECT_TRUE(Accepts(grammar, "{\"a\": 1}"));
  EXPECT_TRUE(Accepts(grammar, "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>"));
  EXPECT_FALSE(Accepts(grammar, "hello"));
}

TEST(AnswerGrammar, ASchemaThatCannotBeEnforcedIsNamed) {
  const ToolsPtr tools = ReadSome(
      json::Parse(R"([{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"array",
          "contains":{"type":"integer"},"minContains":2,"unevaluatedItems":{"type":"string"}}}}}])")
          .value());
  AnswerRules rules{.format = ToolFormat::Detect("<tool_call>"), .tools = tools};
  rules.choice.kind = Kind::kRequired;
  const auto refused = BuildAnswerGrammar(rules);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("'f'"), std::string::npos) << refused.error().message();
  // Of its own accord the model may call it, with any object.
  rules.choice.kind = Kind::kAuto;
  const auto lenient = BuildAnswerGrammar(rules);
  ASSERT_TRUE(lenient.ok()) << lenient.error().message();
  EXPECT_TRUE(Accepts(*lenient, "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"b\": []}}\n</tool_call>"));
}

// Formats with tags put no quotes around texts: they are held to their schema all the same.
TEST(AnswerGrammar, TagsHoldEachArgumentToItsSchema) {
  const ToolsPtr tools = ReadSome(
      json::Parse(R"json([{"name":"f","parameters":{"type":"object","properties":{
          "code":{"type":"string","pattern":"^[A-Z]{3}$"},"note":{"type":"string","maxLength":5},
          "n":{"type":"integer","minimum":1,"maximum":9},"on":{"type":"boolean"},
          "who":{"anyOf":[{"type":"string"},{"type":"null"}]},
          "at":{"type":"object","properties":{"x":{"type":"number"}},"required":["x"],"additionalProperties":false}},
          "required":["code"]}}])json").value());
  struct Argument {
    std::string name, value;
    bool holds;
  };
  const std::vector<Argument> arguments = {
      {"code", "ABC", true},     {"code", "abc", false},      {"code", "\"ABC\"", false}, {"note", "a b", true},
      {"note", "a bcde", false}, {"n", "7", true},            {"n", "10", false},         {"n", "7.0", false},
      {"on", "true", true},      {"on", "maybe", false},      {"who", "Ann", true},       {"who", "null", true},
      {"at", R"({"x": 1.5})", true}, {"at", R"({"x": "1"})", false}, {"at", "{}", false}};
  for (const char* name : {"qwen3-coder", "glm", "seed-oss"}) {
    ToolFormatPtr format;
    for (const ToolFormatPtr& one : AllFormats()) {
      if (one->name() == name) format = one;
    }
    ASSERT_TRUE(format) << name;
    for (const Argument& argument : arguments) {
      auto tag = [&](const std::string& key, const std::string& value) {
        return name == std::string_view("glm") ? StrCat("<arg_key>", key, "</arg_key>\n<arg_value>", value, "</arg_value>\n")
               : name == std::string_view("seed-oss") ? StrCat("<parameter=", key, ">", value, "</parameter>\n")
                                                      : StrCat("<parameter=", key, ">\n", value, "\n</parameter>\n");
      };
      std::string inner = argument.name == "code" ? "" : tag("code", "XYZ");
      inner += tag(argument.name, argument.value);
      const std::string text =
          name == std::string_view("glm")        ? StrCat("<tool_call>f\n", inner, "</tool_call>")
          : name == std::string_view("seed-oss") ? StrCat("<seed:tool_call>\n<function=f>\n", inner, "</function>\n</seed:tool_call>")
                                                 : StrCat("<tool_call>\n<function=f>\n", inner, "</function>\n</tool_call>");
      AnswerRules rules{.format = format, .tools = tools};
      for (Kind kind : {Kind::kAuto, Kind::kRequired}) {
        rules.choice.kind = kind;
        EXPECT_EQ(Accepts(BuildAnswerGrammar(rules).value(), text), argument.holds) << text;
      }
    }
  }
}

// What holds an object as a whole is not kept where each argument is written by itself.
TEST(AnswerGrammar, TagsNameWhatTheyCannotKeep) {
  for (const char* keyword : {R"("anyOf":[{"required":["a"]},{"required":["b"]}])", R"("minProperties":1)",
                              R"("required":["c"])", R"("dependentRequired":{"a":["b"]})", R"("maxProperties":1)"}) {
    const ToolsPtr tools = ReadSome(
        json::Parse(StrCat(R"([{"name":"f","parameters":{"type":"object","properties":{"a":{},"b":{}},)", keyword, "}}]"))
            .value());
    AnswerRules rules{.format = ToolFormat::Detect("<tool_call><function=<parameter="), .tools = tools};
    ASSERT_EQ(rules.format->name(), "qwen3-coder");
    rules.choice.kind = Kind::kRequired;
    const auto refused = BuildAnswerGrammar(rules);
    ASSERT_FALSE(refused.ok()) << keyword;
    const std::string name(Split(keyword, '"')[1]);
    EXPECT_NE(refused.error().message().find(StrCat("'", name, "'")), std::string::npos) << refused.error().message();
    rules.choice.kind = Kind::kAuto;
    EXPECT_TRUE(BuildAnswerGrammar(rules).ok()) << keyword;
  }
}

TEST(AnswerGrammar, CallsWithoutAMarkAreHeldToo) {
  AnswerRules rules{.format = ToolFormat::Detect("<|python_tag|>"), .tools = SomeTools()};
  const auto grammar = BuildAnswerGrammar(rules).value();
  EXPECT_TRUE(Accepts(grammar, "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"x\"}}"));
  EXPECT_FALSE(Accepts(grammar, "{\"name\": \"get_weather\", \"parameters\": {\"city\": 1}}"));
  EXPECT_FALSE(Accepts(grammar, "{\"name\": \"ping\"}"));
  EXPECT_TRUE(Accepts(grammar, "{\"name\": \"Ann\"}"));
  EXPECT_TRUE(Accepts(grammar, "Call {\"name\": \"ping\"}"));
}

TEST(AnswerGrammar, ReasoningThatWillBeEndedNeedsOne) {
  AnswerRules rules{.format = ToolFormat::Detect("</think>"), .reasoning_begun = true};
  EXPECT_FALSE(NeedsGrammar(rules));
  rules.reasoning_limited = true;
  ASSERT_TRUE(NeedsGrammar(rules));
  const auto grammar = BuildAnswerGrammar(rules).value();
  EXPECT_TRUE(Accepts(grammar, "hm\n</think>\nFour."));
  EXPECT_TRUE(Accepts(grammar, "hm"));
}

TEST(AnswerGrammar, KeysTellRulesApart) {
  AnswerRules rules{.format = ToolFormat::Detect("<tool_call>"), .tools = SomeTools()};
  const std::string key = AnswerRulesKey(rules);
  EXPECT_EQ(AnswerRulesKey(rules), key);
  rules.choice.parallel = false;
  EXPECT_NE(AnswerRulesKey(rules), key);
  EXPECT_TRUE(NeedsGrammar({.format = ToolFormat::Detect("<|python_tag|>"), .tools = SomeTools()}));
  EXPECT_FALSE(NeedsGrammar({.format = ToolFormat::Detect("<tool_call>")}));
}

}  // namespace
}  // namespace pano::tools
