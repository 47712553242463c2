#include "pano/command_line/documentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::cli {
namespace {

using testing::ElementsAre;

int RunServe(const Command& self, Args args) {
  int64_t port = 8080;
  std::vector<std::string> models;
  Positionals path{.name = "PATH", .help = "What to serve.", .min = 0, .max = 2, .values = {}};
  OptionSet options;
  options.Int("port", &port, 0, 65535, "The port to listen on.");
  options.Strings("model", &models, "A model.", "PATH");
  if (auto code = Parse(self, options, args, &path)) return *code;
  ADD_FAILURE() << "the command went on";
  return 7;
}

// Acts before it parses, as a command with subcommands may.
int RunOther(const Command& self, Args) { return FailUsage(self, "a word is missing"); }

TEST(DocumentationTest, CommandsAreAskedAndNotRun) {
  const Command commands[] = {{"serve", "Serve it. At once.", RunServe}, {"other", "Else.", RunOther}};
  const std::vector<CommandText> texts = DescribeCommands(commands);
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0].name, "serve");
  ASSERT_EQ(texts[0].options.size(), 2u);
  EXPECT_EQ(texts[0].options[0].name, "port");
  EXPECT_EQ(texts[0].options[0].default_text, "8080");
  EXPECT_TRUE(texts[0].options[1].repeated);
  EXPECT_EQ(texts[0].positional, "PATH");
  EXPECT_EQ(texts[0].positional_max, 2u);
  EXPECT_TRUE(texts[1].options.empty());
}

// A command whose actions have options of their own passes the question on to them.
int RunModels(const Command& self, Args) {
  for (Command action : {Command{"models list", "List.", RunServe}, Command{"models rm", "Remove.", RunServe}}) {
    action.describer = self.describer;
    (void)action.run(action, {});
  }
  return 0;
}

TEST(DocumentationTest, ActionsAreAskedToo) {
  const Command commands[] = {{"models", "Look after models.", RunModels}};
  const std::vector<CommandText> texts = DescribeCommands(commands);
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_EQ(texts[0].summary, "Look after models.");
  ASSERT_EQ(texts[0].actions.size(), 2u);
  EXPECT_EQ(ActionWord(texts[0], texts[0].actions[1]), "rm");
  EXPECT_EQ(texts[0].actions[1].options.size(), 2u);
  EXPECT_EQ(texts[0].options.size(), 2u);   // each name once
}

TEST(DocumentationTest, TheNameOfAValueSaysWhatItCanBe) {
  const auto kind = [](const char* value) { return KindOf({.name = "x", .value_name = value, .help = "", .default_text = "", .set = {}}); };
  EXPECT_EQ(kind(""), ValueKind::kSwitch);
  EXPECT_EQ(kind("PATH"), ValueKind::kPath);
  EXPECT_EQ(kind("[ID=]PATH"), ValueKind::kPath);
  EXPECT_EQ(kind("DIR"), ValueKind::kFolder);
  EXPECT_EQ(kind("a|b"), ValueKind::kChoice);
  EXPECT_EQ(kind("N"), ValueKind::kOther);
  EXPECT_THAT(ChoicesOf({.name = "x", .value_name = "auto|off|N", .help = "", .default_text = "", .set = {}}),
              ElementsAre("auto", "off"));
}

TEST(DocumentationTest, OneSentence) {
  EXPECT_EQ(FirstSentence("The port to listen on. 0 takes a free one."), "The port to listen on");
  EXPECT_EQ(FirstSentence("Uses 1.5 of it."), "Uses 1.5 of it");
  EXPECT_EQ(FirstSentence("no stop"), "no stop");
  EXPECT_EQ(FirstSentence(""), "");
}

}  // namespace
}  // namespace pano::cli
