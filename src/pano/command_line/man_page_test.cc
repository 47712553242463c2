#include "pano/command_line/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

ProgramText Program() {
  ProgramText program{.name = "pano", .summary = "large models", .version = "1.2", .date = "2026-11-30",
                      .prefix = "", .commands = {}, .neighbours = {}};
  program.commands.push_back({.name = "train lm", .summary = "Train it. By a recipe.", .options = {},
                              .positional = "FILE", .positional_help = "What to read.",
                              .positional_min = 1, .positional_max = 1});
  program.commands[0].options = {
      {.name = "max-queue", .value_name = "N", .help = ".hidden files, c:\\dir and \"this\".", .default_text = "256", .set = {}},
      {.name = "json", .value_name = "", .help = "Print JSON.", .default_text = "", .set = {}}};
  return program;
}

TEST(ManPageTest, TheProgramListsItsCommands) {
  const std::string page = ProgramManPage(Program());
  EXPECT_THAT(page, HasSubstr(".TH PANO 1 2026-11-30 \"pano 1.2\""));
  EXPECT_THAT(page, HasSubstr(".SH NAME\npano \\- large models\n"));
  EXPECT_THAT(page, HasSubstr(".BR pano\\-train\\-lm (1)\nTrain it. By a recipe.\n"));
}

TEST(ManPageTest, ACommandHasItsOptionsAndVariables) {
  const ProgramText program = Program();
  EXPECT_EQ(ManPageName(program.commands[0]), "pano-train-lm");
  const std::string page = CommandManPage(program, program.commands[0]);
  EXPECT_THAT(page, HasSubstr(".SH NAME\npano\\-train\\-lm \\- Train it\n"));
  EXPECT_THAT(page, HasSubstr("\\fIFILE\\fR"));
  EXPECT_THAT(page, HasSubstr(".BR \\-\\-max\\-queue \" \\fIN\\fR\"\n"));
  EXPECT_THAT(page, HasSubstr("Default: 256."));
  EXPECT_THAT(page, HasSubstr(".BR PANO_MAX_QUEUE ."));
  EXPECT_THAT(page, Not(HasSubstr("\\-\\-config")));
}

TEST(ManPageTest, NothingInATextIsACommandOfRoff) {
  EXPECT_EQ(RoffText(".hidden"), "\\&.hidden");
  EXPECT_EQ(RoffText("'quote'"), "\\&'quote'");
  EXPECT_EQ(RoffText("a\\b -c \"d\""), "a\\eb \\-c \\(dqd\\(dq");
  EXPECT_EQ(RoffText("x\n.y"), "x\n\\&.y");
}

}  // namespace
}  // namespace pano::cli
