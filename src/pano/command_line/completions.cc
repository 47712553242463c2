#include "pano/command_line/completions.h"

#include <string_view>

#include "base/strings.h"

namespace pano::cli {
namespace {

// What is typed behind the program's name: "lm" for "train lm" of pano-train.
std::string_view Word(const ProgramText& program, const CommandText& command) {
  return std::string_view(command.name).substr(program.prefix.size());
}

std::string Identifier(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '-' || c == ' ') c = '_';
  }
  return out;
}

std::string Joined(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::string_view word : words) out += StrCat(out.empty() ? "" : " ", word);
  return out;
}

// `text` within single quotes of a POSIX shell.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out.push_back(c);
    }
  }
  return out + "'";
}

// Within single quotes of fish, where a backslash escapes.
std::string FishQuoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "'";
}

// The description of a zsh argument: brackets and colons would end it.
std::string ZshDescription(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string ActionWords(const CommandText& command) {
  std::string words;
  for (const CommandText& action : command.actions) {
    words += StrCat(words.empty() ? "" : " ", ActionWord(command, action));
  }
  return words;
}

std::string BashValues(const CommandText& command) {
  std::string cases;
  for (const OptionSpec& option : command.options) {
    std::string reply;
    switch (KindOf(option)) {
      case ValueKind::kSwitch:
        continue;
      case ValueKind::kPath:
        reply = "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))";
        break;
      case ValueKind::kFolder:
        reply = "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))";
        break;
      case ValueKind::kChoice:
        reply = StrCat("COMPREPLY=($(compgen -W '", Joined(ChoicesOf(option)), "' -- \"$cur\"))");
        break;
      case ValueKind::kOther:
        reply = "COMPREPLY=()";
        break;
    }
    cases += StrCat("        --", option.name, ") ", reply, "; return ;;\n");
  }
  return cases;
}

std::string ZshArgument(const OptionSpec& option) {
  std::string text = StrCat("--", option.name, "[", ZshDescription(FirstSentence(option.help)), "]");
  if (option.repeated) text = "*" + text;
  std::string action;
  switch (KindOf(option)) {
    case ValueKind::kSwitch:
      return Quoted(text);
    case ValueKind::kPath:
      action = "_files";
      break;
    case ValueKind::kFolder:
      action = "_files -/";
      break;
    case ValueKind::kChoice:
      action = StrCat("(", Joined(ChoicesOf(option)), ")");
      break;
    case ValueKind::kOther:
      action = " ";
      break;
  }
  return Quoted(StrCat(text, ":", ZshDescription(option.value_name), ":", action));
}

}  // namespace

std::string BashCompletion(const ProgramText& program) {
  const std::string function = "_" + Identifier(program.name);
  std::string words, cases;
  for (const CommandText& command : program.commands) {
    words += StrCat(Word(program, command), " ");
    std::string options = "--help";
    for (const OptionSpec& option : command.options) options += StrCat(" --", option.name);
    const std::string actions = ActionWords(command);
    cases += StrCat("    ", Word(program, command), ")\n");
    if (!actions.empty()) {
      cases += StrCat("      if ((COMP_CWORD == 2)); then COMPREPLY=($(compgen -W '", actions,
                      " --help' -- \"$cur\")); return; fi\n");
    }
    cases += StrCat("      case \"$prev\" in\n", BashValues(command),
                    "      esac\n      options='", options, "'; files=",
                    command.positional.empty() ? "" : "1", " ;;\n");
  }
  for (const std::string& neighbour : program.neighbours) words += StrCat(neighbour, " ");
  return StrCat("# bash completion of ", program.name, ", written by `", program.name,
                " docs` from the option tables.\n", function, "() {\n",
                "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} options='' files=''\n"
                "  COMPREPLY=()\n"
                "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W '",
                words, "--help --version' -- \"$cur\"))\n    return\n  fi\n",
                "  case \"${COMP_WORDS[1]}\" in\n", cases, "  esac\n",
                "  if [[ $cur == -* || -z $files ]]; then\n"
                "    COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n  else\n"
                "    compopt -o filenames\n    COMPREPLY=($(compgen -f -- \"$cur\"))\n  fi\n}\n"
                "complete -F ",
                function, " ", program.name, "\n");
}

std::string ZshCompletion(const ProgramText& program) {
  std::string list, cases;
  for (const CommandText& command : program.commands) {
    const std::string_view word = Word(program, command);
    list += StrCat("    ", Quoted(StrCat(word, ":", FirstSentence(command.summary))), "\n");
    std::string arguments = "'--help[Print the options]'";
    for (const OptionSpec& option : command.options) arguments += StrCat(" \\\n        ", ZshArgument(option));
    if (const std::string actions = ActionWords(command); !actions.empty()) {
      arguments += StrCat(" \\\n        '1:action:(", actions, ")' '*: :_files'");
    }
    if (!command.positional.empty()) {
      arguments += StrCat(" \\\n        ", Quoted(StrCat("*:", ZshDescription(command.positional), ":_files")));
    }
    cases += StrCat("    ", word, ")\n      _arguments -s ", arguments, " ;;\n");
  }
  for (const std::string& neighbour : program.neighbours) list += StrCat("    ", Quoted(neighbour), "\n");
  return StrCat("#compdef ", program.name, "\n# Written by `", program.name,
                " docs` from the option tables.\nlocal -a commands\ncommands=(\n", list,
                ")\nif ((CURRENT == 2)); then\n  _describe command commands\nelse\n"
                "  shift words\n  ((CURRENT--))\n  case $words[1] in\n",
                cases, "  esac\nfi\n");
}

std::string FishCompletion(const ProgramText& program) {
  std::string out = StrCat("# Written by `", program.name, " docs` from the option tables.\n",
                           "complete -c ", program.name, " -f\n");
  for (const CommandText& command : program.commands) {
    const std::string_view word = Word(program, command);
    out += StrCat("complete -c ", program.name, " -n __fish_use_subcommand -a ", word, " -d ",
                  FishQuoted(FirstSentence(command.summary)), "\n");
    const std::string when = StrCat("complete -c ", program.name, " -n '__fish_seen_subcommand_from ", word, "'");
    if (!command.positional.empty()) out += StrCat(when, " -F\n");
    if (!command.actions.empty()) out += StrCat(when, " -a ", FishQuoted(ActionWords(command)), "\n");
    for (const OptionSpec& option : command.options) {
      std::string value;
      switch (KindOf(option)) {
        case ValueKind::kSwitch:
          break;
        case ValueKind::kPath:
          value = " -r -F";
          break;
        case ValueKind::kFolder:
          value = " -x -a '(__fish_complete_directories)'";
          break;
        case ValueKind::kChoice:
          value = StrCat(" -x -a ", FishQuoted(Joined(ChoicesOf(option))));
          break;
        case ValueKind::kOther:
          value = " -x";
          break;
      }
      out += StrCat(when, " -l ", option.name, value, " -d ", FishQuoted(FirstSentence(option.help)), "\n");
    }
  }
  for (const std::string& neighbour : program.neighbours) {
    out += StrCat("complete -c ", program.name, " -n __fish_use_subcommand -a ", neighbour, "\n");
  }
  return out;
}

}  // namespace pano::cli
