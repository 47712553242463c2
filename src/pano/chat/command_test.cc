#include "pano/chat/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Command, WordAndArgument) {
  for (const CommandSpec& spec : Commands()) {
    const std::string line = "/" + std::string(spec.name) + (spec.argument.empty() ? "" : "  a b ");
    ASSERT_TRUE(IsCommand(line));
    const auto command = ParseCommand(line);
    ASSERT_TRUE(command.ok()) << line;
    EXPECT_EQ(command->kind, spec.kind);
    EXPECT_EQ(command->argument, spec.argument.empty() ? "" : "a b");
  }
  EXPECT_EQ(ParseCommand("/system You are\nbrief.\n")->argument, "You are\nbrief.");
  EXPECT_EQ(ParseCommand("/SET temperature 0")->argument, "temperature 0");
  EXPECT_EQ(ParseCommand("/exit")->kind, CommandKind::kQuit);
}

TEST(Command, TextIsNone) {
  for (const char* text : {"", "hi", "/", "// comment", "//usr", "/ x", " /help", "\n/help"}) {
    EXPECT_FALSE(IsCommand(text)) << text;
  }
}

std::string Error(std::string_view line) { return ParseCommand(line).status().message(); }

TEST(Command, DidYouMean) {
  EXPECT_THAT(Error("/sav x"), HasSubstr("did you mean /save?"));
  EXPECT_THAT(Error("/hlep"), HasSubstr("did you mean /help?"));
  EXPECT_THAT(Error("/tokenz"), HasSubstr("did you mean /tokens?"));
  EXPECT_THAT(Error("/sys"), HasSubstr("did you mean /system?"));
  EXPECT_THAT(Error("/xyzzy"), HasSubstr("/help lists them"));
  EXPECT_THAT(Error("/usr/bin/env"), Not(HasSubstr("mean")));
  EXPECT_THAT(Error("/" + std::string(100'000, 'a')), HasSubstr("no command /aaa"));
  EXPECT_THAT(Error("/\x1b[2J"), Not(HasSubstr("\x1b")));
  EXPECT_THAT(Error("/save"), HasSubstr("/save PATH"));
  EXPECT_THAT(Error("/undo 3"), HasSubstr("takes nothing"));
}

TEST(Command, Completion) {
  EXPECT_THAT(CommandsWith("/s"), ElementsAre("/system", "/set", "/save"));
  EXPECT_THAT(CommandsWith("s"), ElementsAre());
}

}  // namespace
}  // namespace pano::chat
