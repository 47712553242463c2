#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/status.h"
#include "pano/command_line/command.h"

namespace pano::cli {

// What one command takes, as it declares it. A value.
struct CommandText {
  std::string name;      // "serve", "train lm"
  std::string summary;
  std::vector<OptionSpec> options;
  std::string positional;        // "PATH"; "" when it takes none
  std::string positional_help;
  size_t positional_min = 0;
  size_t positional_max = 0;
  // Of "models": "models list", ...; its own options are then all of theirs.
  std::vector<CommandText> actions = {};
};

// A program and its commands. A value.
struct ProgramText {
  std::string name;      // of the executable
  std::string summary;
  std::string version;
  std::string date;      // "2026-11-30"
  // Commands are typed behind "pano" and not behind the executable's name: "train lm" of pano-train
  // is `pano train lm`, or `pano-train lm`.
  std::string prefix;    // "train " of pano-train; "" of pano
  std::vector<CommandText> commands;
  std::vector<std::string> neighbours;   // words behind "pano" that other executables answer
};

// Asks every command what it declares; one with actions passes the question on to them. A command that
// acts before it parses is left without options.
std::vector<CommandText> DescribeCommands(std::span<const Command> commands);

// "list" of "models list".
std::string_view ActionWord(const CommandText& command, const CommandText& action);

// What an option's value can be, for completion.
enum class ValueKind { kSwitch, kPath, kFolder, kChoice, kOther };
ValueKind KindOf(const OptionSpec& option);
// Of a kChoice: "a|b|c" parted.
std::vector<std::string_view> ChoicesOf(const OptionSpec& option);

// The first sentence, without its full stop: completions have a line each.
std::string FirstSentence(std::string_view help);

// Writes all of it below `folder`: man/man1/*.1, bash/NAME, zsh/_NAME, fish/NAME.fish.
Status WriteDocumentation(const ProgramText& program, const std::string& folder);

// The hidden command `docs --out DIR` of every executable. Returns the exit code.
int RunDocs(ProgramText program, std::span<const Command> commands, Args args);

}  // namespace pano::cli
