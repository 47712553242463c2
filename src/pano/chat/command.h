#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::chat {

enum class CommandKind {
  kHelp, kSystem, kModel, kSet, kSave, kLoad, kRetry, kUndo, kTokens, kClear, kQuit,
};

// A row of the table of what can be typed after '/'.
struct CommandSpec {
  CommandKind kind;
  std::string_view name;      // "save"
  std::string_view argument;  // "PATH", "[TEXT]"; "": takes none
  std::string_view help;
};
std::span<const CommandSpec> Commands();

struct Command {
  CommandKind kind = CommandKind::kHelp;
  std::string argument = {};  // without spaces around it; may have several lines
};

// True for "/word", false for "//..." and for "/" alone or before a space, which are text.
bool IsCommand(std::string_view line);
// NotFound for a word that is no command, with the one that was probably meant; InvalidArgument for an
// argument where none belongs. REQUIRES: IsCommand(line).
Result<Command> ParseCommand(std::string_view line);

// Names that begin as `word` does ("/sa"), with the slash.
std::vector<std::string> CommandsWith(std::string_view word);

}  // namespace pano::chat
