#include "pano/command_line/documentation.h"

#include <algorithm>
#include <utility>

#include "base/env.h"
#include "base/strings.h"
#include "pano/command_line/completions.h"
#include "pano/command_line/man_page.h"

namespace pano::cli {
namespace {

Status MakeFolders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    const Status made = Env::Real().MakeFolder(folder);
    if (!made.ok() && made.code() != StatusCode::kAlreadyExists && !IsDirectory(folder)) {
      return made.Wrap(folder);
    }
  }
  return {};
}

CommandText Describe(const Command& self, const OptionSet& options, const Positionals* positionals) {
  CommandText text;
  text.name = self.name;
  text.summary = self.summary;
  text.options = options.specs();
  for (OptionSpec& spec : text.options) spec.set = nullptr;   // points into the command's stack
  if (positionals && positionals->max > 0) {
    text.positional = positionals->name;
    text.positional_help = positionals->help;
    text.positional_min = positionals->min;
    text.positional_max = positionals->max;
  }
  return text;
}

// Those of `from` whose names are not in `to`.
void AddOptions(const std::vector<OptionSpec>& from, std::vector<OptionSpec>& to) {
  for (const OptionSpec& option : from) {
    const bool there = std::any_of(to.begin(), to.end(), [&](const OptionSpec& other) {
      return other.name == option.name;
    });
    if (!there) to.push_back(option);
  }
}

}  // namespace

std::vector<CommandText> DescribeCommands(std::span<const Command> commands) {
  std::vector<CommandText> texts;
  for (const Command& command : commands) {
    std::vector<CommandText> parts;
    const Describer describer = [&parts](const Command& self, const OptionSet& options,
                                         const Positionals* positionals) {
      parts.push_back(Describe(self, options, positionals));
    };
    Command asked = command;
    asked.describer = &describer;
    (void)asked.run(asked, {});
    if (parts.size() == 1 && parts[0].name == command.name) {
      texts.push_back(std::move(parts[0]));
      continue;
    }
    CommandText text = Describe(command, OptionSet(), nullptr);
    for (const CommandText& part : parts) AddOptions(part.options, text.options);
    text.actions = std::move(parts);
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string_view ActionWord(const CommandText& command, const CommandText& action) {
  std::string_view word = action.name;
  if (word.starts_with(command.name)) word.remove_prefix(command.name.size());
  return Trim(word);
}

ValueKind KindOf(const OptionSpec& option) {
  const std::string& value = option.value_name;
  if (value.empty()) return ValueKind::kSwitch;
  if (value == "DIR") return ValueKind::kFolder;
  if (value == "PATH" || value == "FILE" || value == "[ID=]PATH" || value == "SHAPE") return ValueKind::kPath;
  if (value.find('|') != std::string::npos) return ValueKind::kChoice;
  return ValueKind::kOther;
}

std::vector<std::string_view> ChoicesOf(const OptionSpec& option) {
  std::vector<std::string_view> choices;
  if (KindOf(option) != ValueKind::kChoice) return choices;
  for (std::string_view choice : Split(option.value_name, '|')) {
    if (choice != ToLower(choice)) continue;    // a word for a value, as the N of "auto|off|N"
    choices.push_back(choice);
  }
  return choices;
}

std::string FirstSentence(std::string_view help) {
  size_t end = help.find(". ");
  if (end == std::string_view::npos) end = help.ends_with('.') ? help.size() - 1 : help.size();
  return std::string(help.substr(0, end));
}

Status WriteDocumentation(const ProgramText& program, const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> files = {
      {StrCat("man/man1/", program.name, ".1"), ProgramManPage(program)},
      {StrCat("bash/", program.name), BashCompletion(program)},
      {StrCat("zsh/_", program.name), ZshCompletion(program)},
      {StrCat("fish/", program.name, ".fish"), FishCompletion(program)},
  };
  for (const CommandText& command : program.commands) {
    files.emplace_back(StrCat("man/man1/", ManPageName(command), ".1"), CommandManPage(program, command));
    for (const CommandText& action : command.actions) {
      files.emplace_back(StrCat("man/man1/", ManPageName(action), ".1"), CommandManPage(program, action));
    }
  }
  for (const auto& [name, text] : files) {
    const std::string path = JoinPath(folder, name);
    PANO_RETURN_IF_ERROR(MakeFolders(path));
    PANO_RETURN_IF_ERROR(WriteFile(path, text));
  }
  return {};
}

}  // namespace pano::cli
