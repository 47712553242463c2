// Known answers: the templates of public models, rendered by the reference implementation.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/testing/tar_archive.h"
#include "model/template/chat_template.h"

namespace pano::jinja {
namespace {

// 2024-07-26T12:34:56, the `now` of every case.
constexpr int64_t kNow = 1721997296;
constexpr const char* kTemplates = "api_security/chat_templates_jinja.tar";

std::string TextOf(const json::Value& object, std::string_view key) {
  const json::Value* found = object.Find(key);
  return found && found->is_string() ? found->as_string() : "";
}

ChatInputs InputsOf(const json::Value& test) {
  ChatInputs inputs;
  inputs.messages = *test.Find("messages");
  inputs.tools = *test.Find("tools");
  inputs.add_generation_prompt = test.Find("add_generation_prompt")->as_bool();
  inputs.bos_token = TextOf(test, "bos_token");
  inputs.eos_token = TextOf(test, "eos_token");
  inputs.kwargs = *test.Find("kwargs");
  inputs.now_unix = kNow;
  return inputs;
}

void CheckCase(const ChatTemplate& chat_template, const json::Value& test) {
  const auto rendered = chat_template.Render(InputsOf(test));
  if (const json::Value* output = test.Find("output")) {
    ASSERT_TRUE(rendered.ok()) << rendered.error().message();
    EXPECT_EQ(rendered->text, output->as_string());
    size_t previous = 0;
    for (const Rendered::Range& range : rendered->from_inputs) {
      EXPECT_LT(range.begin, range.end);
      EXPECT_TRUE(range.begin > previous || previous == 0);
      previous = range.end;
    }
    EXPECT_LE(previous, rendered->text.size());
    return;
  }
  ASSERT_FALSE(rendered.ok()) << "rendered " << rendered->text;
  EXPECT_EQ(rendered.error().code(), StatusCode::kInvalidArgument);
  const std::string kind = TextOf(test, "kind");
  const std::string message = TextOf(test, "message");
  if (kind == "raised") {
    EXPECT_EQ(rendered.error().message(), message);
  } else {
    EXPECT_TRUE(rendered.error().message().starts_with(message))
        << rendered.error().message() << "\nnot\n"
        << message;
  }
}

TEST(GoldenTemplates, RenderAsTheReferenceDoes) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/chat_templates");
  const auto archive =
      ReadFile(JoinPath(SharedFolder(PANO_SOURCE_DIR), StrCat("data/", kTemplates)));
  ASSERT_TRUE(archive.ok()) << archive.error().message();
  const auto templates = ReadTar(*archive);
  const std::string& folder = answers.path();
  const auto names = ListDirectory(folder);
  ASSERT_TRUE(names.ok());
  size_t cases = 0;
  for (const std::string& name : *names) {
    const auto text = ReadFile(JoinPath(folder, name) + "/cases.json");
    ASSERT_TRUE(text.ok()) << text.error().message();
    const auto file = json::Parse(*text);
    ASSERT_TRUE(file.ok()) << file.error().message();
    const auto source = templates.find(TextOf(*file, "template"));
    ASSERT_NE(source, templates.end()) << name;
    const auto parsed = ChatTemplate::Parse(source->second);
    ASSERT_TRUE(parsed.ok()) << name << ": " << parsed.error().message();
    RecordProperty(StrCat("golden.", name),    // for the table of docs/models.md
                   StrCat(name, "|", file->Find("cases")->as_array().size()));
    for (const json::Value& test : file->Find("cases")->as_array()) {
      SCOPED_TRACE(StrCat(name, "/", TextOf(test, "name")));
      CheckCase(**parsed, test);
      answers.Compared(1);
      ++cases;
    }
  }
  EXPECT_GT(cases, 500u);
}

TEST(GoldenTemplates, EveryTemplateOfTheArchiveParses) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, kTemplates);
  const auto archive = ReadFile(answers.path());
  ASSERT_TRUE(archive.ok()) << archive.error().message();
  for (const auto& [name, source] : ReadTar(*archive)) {
    const auto parsed = ChatTemplate::Parse(source);
    answers.Compared(1);
    EXPECT_TRUE(parsed.ok()) << name << ": " << parsed.error().message();
  }
}

}  // namespace
}  // namespace pano::jinja
