#include "pano/command_line/man_page.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::cli {
namespace {

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string Heading(const ProgramText& program, const std::string& page) {
  return StrCat(".\\\" Written by `pano docs` from the option tables.\n.TH ", RoffText(Upper(page)), " 1 ",
                program.date, " \"pano ", RoffText(program.version), "\" \"User Commands\"\n");
}

std::string Option(const OptionSpec& option) {
  std::string text = StrCat(".TP\n.BR \\-\\-", RoffText(option.name));
  if (!option.value_name.empty()) text += StrCat(" \" \\fI", RoffText(option.value_name), "\\fR\"");
  text += StrCat("\n", RoffText(option.help));
  if (option.repeated && option.help.find("several times") == std::string::npos) {
    text += "\nMay be given several times.";
  }
  if (!option.default_text.empty()) text += StrCat("\nDefault: ", RoffText(option.default_text), ".");
  return text + "\n";
}

// A line of a list of commands.
std::string Entry(const CommandText& command) {
  return StrCat(".TP\n.BR ", RoffText(ManPageName(command)), " (1)\n", RoffText(command.summary), "\n");
}

std::string Synopsis(const CommandText& command) {
  std::string text = StrCat(".B pano ", RoffText(command.name), "\n",
                            command.actions.empty() ? "" : "\\fIaction\\fR ", "[\\fIoptions\\fR]");
  if (!command.positional.empty()) {
    const bool optional = command.positional_min == 0;
    text += StrCat(optional ? " [" : " ", "\\fI", RoffText(command.positional), "\\fR", optional ? "]" : "",
                   command.positional_max > 1 ? " ..." : "");
  }
  return text + "\n";
}

bool Takes(const CommandText& command, std::string_view option) {
  return std::any_of(command.options.begin(), command.options.end(),
                     [&](const OptionSpec& spec) { return spec.name == option; });
}

constexpr std::string_view kExit =
    ".SH EXIT STATUS\n0 when all went well, 1 after a failure, 2 for wrong usage.\n";

}  // namespace

std::string RoffText(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool first = out.empty() || out.back() == '\n';
    if (first && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '"') {
      out += "\\(dq";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string ManPageName(const CommandText& command) {
  std::string name = StrCat("pano-", command.name);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string ProgramManPage(const ProgramText& program) {
  std::string page = Heading(program, program.name);
  page += StrCat(".SH NAME\n", RoffText(program.name), " \\- ", RoffText(program.summary), "\n");
  page += StrCat(".SH SYNOPSIS\n.B ", RoffText(program.name),
                 "\n\\fIcommand\\fR [\\fIoptions\\fR]\n.SH COMMANDS\n");
  for (const CommandText& command : program.commands) {
    page += Entry(command);
  }
  page += ".SH ENVIRONMENT\nEvery option can also be set by a variable: \\-\\-max\\-queue is\n"
          ".BR PANO_MAX_QUEUE .\n";
  page += ".SH FILES\n.TP\n.I ~/.cache/huggingface/hub\nModels that were pulled, shared with other tools "
          "that use the Hugging Face Hub (HF_HOME, HF_HUB_CACHE).\n";
  return StrCat(page, kExit);
}

std::string CommandManPage(const ProgramText& program, const CommandText& command) {
  const std::string name = ManPageName(command);
  std::string summary = FirstSentence(command.summary);
  std::string page = Heading(program, name);
  page += StrCat(".SH NAME\n", RoffText(name), " \\- ", RoffText(summary), "\n.SH SYNOPSIS\n",
                 Synopsis(command), ".SH DESCRIPTION\n", RoffText(command.summary), "\n");
  if (!command.positional.empty()) {
    page += StrCat(".TP\n.I ", RoffText(command.positional), "\n", RoffText(command.positional_help), "\n");
  }
  if (!command.actions.empty()) {
    page += ".SH ACTIONS\n";
    for (const CommandText& action : command.actions) page += Entry(action);
    return StrCat(page, kExit, ".SH SEE ALSO\n.BR pano (1)\n");
  }
  if (!command.options.empty()) page += ".SH OPTIONS\n";
  for (const OptionSpec& option : command.options) page += Option(option);
  if (!command.options.empty()) {
    page += ".SH ENVIRONMENT\nEvery option can also be set by a variable, as in\n.BR " +
            RoffText(EnvironmentName(command.options.front().name)) + " .\n";
    page += Takes(command, "config") ? "A flag wins over a variable, and that over the file of "
                                       "\\-\\-config.\n"
                                     : "A flag wins over a variable.\n";
  }
  return StrCat(page, kExit, ".SH SEE ALSO\n.BR pano (1)\n");
}

}  // namespace pano::cli
