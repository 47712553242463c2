#include "pano/chat/command.h"

#include <algorithm>

#include "base/strings.h"
#include "pano/chat/nearest_word.h"

namespace pano::chat {
namespace {

constexpr CommandSpec kCommands[] = {
    {CommandKind::kHelp, "help", "", "Say what can be typed."},
    {CommandKind::kSystem, "system", "[TEXT]",
     "Show the system prompt, or set it; \"\" takes it away."},
    {CommandKind::kModel, "model", "[NAME]", "Show the models, or talk to another one."},
    {CommandKind::kSet, "set", "[NAME [VALUE]]",
     "Show the settings, or change one; the value default takes the change back."},
    {CommandKind::kSave, "save", "PATH", "Write the conversation to a file (JSON)."},
    {CommandKind::kLoad, "load", "PATH", "Go on with a conversation from a file."},
    {CommandKind::kRetry, "retry", "", "Have the last message answered again."},
    {CommandKind::kUndo, "undo", "", "Take back the last message and its answer."},
    {CommandKind::kTokens, "tokens", "", "Count what the conversation takes of the context."},
    {CommandKind::kClear, "clear", "", "Forget what was said; the system prompt stays."},
    {CommandKind::kQuit, "quit", "", "Leave (also Ctrl-D)."},
};

}  // namespace

std::span<const CommandSpec> Commands() { return kCommands; }

bool IsCommand(std::string_view line) {
  return line.size() > 1 && line[0] == '/' && line[1] != '/' && line[1] != ' ' && line[1] != '\n' &&
         line[1] != '\t';
}

Result<Command> ParseCommand(std::string_view line) {
  const std::string_view rest = line.substr(1);
  const size_t end = std::min(rest.find_first_of(" \t\n"), rest.size());
  std::string word = ToLower(rest.substr(0, end));
  if (word == "exit" || word == "bye") word = "quit";
  if (word == "?") word = "help";
  const std::string argument(Trim(rest.substr(end)));
  for (const CommandSpec& spec : kCommands) {
    if (spec.name != word) continue;
    if (spec.argument.empty() && !argument.empty()) {
      return InvalidArgument(StrCat("/", spec.name, " takes nothing behind it"));
    }
    if (!spec.argument.empty() && spec.argument[0] != '[' && argument.empty()) {
      return InvalidArgument(StrCat("/", spec.name, " wants a ", ToLower(spec.argument), ": /",
                                    spec.name, " ", spec.argument));
    }
    return Command{spec.kind, argument};
  }
  std::vector<std::string_view> names;
  for (const CommandSpec& spec : kCommands) names.push_back(spec.name);
  const std::string_view meant = NearestWord(word, names);
  return NotFound(StrCat("no command /", Printable(word),
                         meant.empty() ? std::string("; /help lists them")
                                       : StrCat("; did you mean /", meant, "?"),
                         " (a message that begins with / is written with two: //)"));
}

std::vector<std::string> CommandsWith(std::string_view word) {
  std::vector<std::string> out;
  for (const CommandSpec& spec : kCommands) {
    std::string name = StrCat("/", spec.name);
    if (name.starts_with(word)) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace pano::chat
