#include "pano/command_line/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::cli {
namespace {

using testing::HasSubstr;

ProgramText Program() {
  ProgramText program{.name = "pano", .summary = "large models", .version = "1.2", .date = "2026-11-30",
                      .prefix = "", .commands = {}, .neighbours = {"train"}};
  program.commands.push_back({.name = "serve", .summary = "Serve it.", .options = {}, .positional = "",
                              .positional_help = ""});
  program.commands[0].options = {
      {.name = "model", .value_name = "PATH", .help = "A [model]: it's one.", .default_text = "", .repeated = true, .set = {}},
      {.name = "kv-type", .value_name = "auto|f16", .help = "A type.", .default_text = "", .set = {}},
      {.name = "json", .value_name = "", .help = "Print JSON.", .default_text = "", .set = {}}};
  return program;
}

TEST(CompletionsTest, Bash) {
  const std::string script = BashCompletion(Program());
  EXPECT_THAT(script, HasSubstr("compgen -W 'serve train --help --version'"));
  EXPECT_THAT(script, HasSubstr("--model) compopt -o filenames; COMPREPLY=($(compgen -f"));
  EXPECT_THAT(script, HasSubstr("--kv-type) COMPREPLY=($(compgen -W 'auto f16'"));
  EXPECT_THAT(script, HasSubstr("options='--help --model --kv-type --json'"));
  EXPECT_THAT(script, HasSubstr("complete -F _pano pano\n"));
}

TEST(CompletionsTest, ZshEscapesWhatWouldEndADescription) {
  const std::string script = ZshCompletion(Program());
  EXPECT_TRUE(script.starts_with("#compdef pano\n"));
  EXPECT_THAT(script, HasSubstr("'*--model[A \\[model\\]\\: it'\\''s one]:PATH:_files'"));
  EXPECT_THAT(script, HasSubstr("'--kv-type[A type]:auto|f16:(auto f16)'"));
  EXPECT_THAT(script, HasSubstr("'--json[Print JSON]'"));
}

TEST(CompletionsTest, FishQuotesItsOwnWay) {
  const std::string script = FishCompletion(Program());
  EXPECT_THAT(script, HasSubstr("-a serve -d 'Serve it'"));
  EXPECT_THAT(script, HasSubstr("-l model -r -F -d 'A [model]: it\\'s one'"));
  EXPECT_THAT(script, HasSubstr("-l kv-type -x -a 'auto f16'"));
  EXPECT_THAT(script, HasSubstr("-l json -d 'Print JSON'"));
}

// The subcommands of pano-train stand behind its own name.
TEST(CompletionsTest, AnExecutableOfItsOwnDropsThePrefix) {
  ProgramText program = Program();
  program.name = "pano-train";
  program.prefix = "train ";
  program.commands[0].name = "train lm";
  EXPECT_THAT(BashCompletion(program), HasSubstr("    lm)\n"));
  EXPECT_THAT(BashCompletion(program), HasSubstr("complete -F _pano_train pano-train\n"));
  EXPECT_THAT(FishCompletion(program), HasSubstr("-a lm "));
}

}  // namespace
}  // namespace pano::cli
