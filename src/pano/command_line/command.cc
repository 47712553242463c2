#include "pano/command_line/command.h"

#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

#include "base/closest_name.h"
#include "base/env.h"
#include "base/strings.h"
#include "pano/command_line/config_file.h"

namespace pano::cli {
namespace {

using Given = std::map<std::string, std::vector<std::string>, std::less<>>;

// What the command line says, per option, before anything is converted.
struct CommandLine {
  Given values;
  std::map<std::string, bool, std::less<>> flags;
};

std::string HelpText(const OptionSpec& spec) {
  std::string text = spec.help;
  if (!spec.default_text.empty()) text += " Default: " + spec.default_text + ".";
  return text;
}

void Declare(CLI::App& app, const OptionSet& options, Positionals* positionals,
             CommandLine& line) {
  for (const OptionSpec& spec : options.specs()) {
    if (spec.value_name.empty()) {
      app.add_flag("--" + spec.name, line.flags[spec.name], HelpText(spec));
    } else {
      CLI::Option* option = app.add_option("--" + spec.name, line.values[spec.name], HelpText(spec));
      // Else CLI11 takes "[ab]" for a list of "ab", and words behind a value for more of it.
      option->type_name(spec.value_name)->expected(1)->allow_extra_args(false);
      option->multi_option_policy(spec.repeated ? CLI::MultiOptionPolicy::TakeAll
                                                : CLI::MultiOptionPolicy::TakeLast);
    }
  }
  if (positionals && positionals->max > 0) {
    CLI::Option* option = app.add_option(std::string(positionals->name), positionals->values,
                                         std::string(positionals->help));
    option->expected(static_cast<int>(positionals->min), static_cast<int>(positionals->max));
    option->type_name("");
    if (positionals->min > 0) option->required();
  }
}

// The values of one option from the strongest source that has any; says which.
std::vector<std::string> Choose(const OptionSpec& spec, const CLI::App& app,
                                const CommandLine& line, const ConfigFile& file,
                                std::string* source) {
  if (app.count("--" + spec.name) > 0) {
    *source = "";
    if (spec.value_name.empty()) return {line.flags.at(spec.name) ? "true" : "false"};
    return line.values.at(spec.name);
  }
  const std::string variable = EnvironmentName(spec.name);
  if (std::string value = EnvironmentVariable(variable); !value.empty()) {
    *source = variable;
    return {value};
  }
  auto found = file.values.find(spec.name);
  if (found == file.values.end()) return {};
  *source = file.path;
  return found->second;
}

std::vector<std::string_view> NamesOf(const OptionSet& options) {
  std::vector<std::string_view> names;
  for (const OptionSpec& spec : options.specs()) names.push_back(spec.name);
  return names;
}

// What CLI11 left over: the first option that nobody knows, or a word too many.
std::string UnknownArgument(const OptionSet& options, const std::vector<std::string>& left) {
  for (const std::string& argument : left) {
    if (!argument.starts_with('-') || argument == "-") continue;
    std::string_view name = std::string_view(argument).substr(argument.starts_with("--") ? 2 : 1);
    name = name.substr(0, name.find('='));
    std::string close(ClosestName(name, NamesOf(options)));
    return StrCat("there is no option '", Printable(argument.substr(0, argument.find('='))), "'",
                  close.empty() ? "" : StrCat("; did you mean '--", close, "'?"));
  }
  return StrCat("'", left.empty() ? "" : Printable(left.front()), "' is one argument too many");
}

Result<ConfigFile> ReadConfig(const OptionSet& options, const CommandLine& line) {
  if (!options.Find("config")) return ConfigFile{};
  auto given = line.values.find("config");
  std::string path = given != line.values.end() && !given->second.empty()
                         ? given->second.back()
                         : EnvironmentVariable(EnvironmentName("config"));
  if (path.empty()) return ConfigFile{};
  PANO_ASSIGN_OR_RETURN(ConfigFile file, ReadConfigFile(path));
  for (const auto& [key, values] : file.values) {
    if (!options.Find(key) || key == "config") {
      return InvalidArgument(StrCat(path, ": no setting '", Printable(key), "'",
                                    DidYouMean(key, NamesOf(options))));
    }
  }
  return file;
}

Status Apply(const OptionSet& options, const CLI::App& app, const CommandLine& line) {
  PANO_ASSIGN_OR_RETURN(ConfigFile file, ReadConfig(options, line));
  for (const OptionSpec& spec : options.specs()) {
    std::string source;
    for (const std::string& value : Choose(spec, app, line, file, &source)) {
      Status status = spec.set(value);
      if (!status.ok()) return source.empty() ? status : status.Wrap(source);
    }
  }
  return {};
}

}  // namespace

std::optional<int> Parse(const Command& self, OptionSet& options, Args args,
                         Positionals* positionals) {
  if (self.describer) {
    (*self.describer)(self, options, positionals);
    return 0;
  }
  CLI::App app{std::string(self.summary), "pano " + std::string(self.name)};
  app.get_formatter()->column_width(34);
  CommandLine line;
  try {
    Declare(app, options, positionals, line);
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    std::fputs("\nEvery option can also be set by the environment variable PANO_<OPTION>.\n", stdout);
    return 0;
  } catch (const CLI::ExtrasError&) {
    return FailUsage(self, UnknownArgument(options, app.remaining()));
  } catch (const CLI::Error& error) {
    return FailUsage(self, error.what());
  }
  Status status = Apply(options, app, line);
  if (!status.ok()) return FailUsage(self, status.message());
  return std::nullopt;
}

namespace {
int Report(const Command& self, std::string_view message, std::string_view hint, int code) {
  const bool colour = StderrIsTerminal();
  std::string text = StrCat(colour ? "\033[31m" : "", "pano ", self.name, colour ? "\033[0m" : "",
                            ": ", message, "\n");
  if (!hint.empty()) text += StrCat("  hint: ", hint, "\n");
  std::fputs(text.c_str(), stderr);
  return code;
}
}  // namespace

int Fail(const Command& self, const Status& status, std::string_view hint) {
  return Report(self, status.message(), hint, 1);
}

int FailUsage(const Command& self, std::string_view message) {
  return Report(self, message, StrCat("see 'pano ", self.name, " --help'"), 2);
}

int FlushStdout(std::string_view program, int code) {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && !std::ferror(stdout)) return code;
  // What failed earlier, while the command ran, has left no number: ask the pipe.
  int error = flushed ? 0 : errno;
  pollfd pipe{STDOUT_FILENO, 0, 0};
  if (error == 0 && ::poll(&pipe, 1, 0) > 0 && (pipe.revents & POLLERR) != 0) error = EPIPE;
  if (error != EPIPE) {
    std::fprintf(stderr, "%s: standard output could not be written whole%s%s\n",
                 std::string(program).c_str(), error == 0 ? "" : ": ",
                 error == 0 ? "" : std::strerror(error));
  }
  return code == 0 ? 1 : code;
}

bool StdoutIsTerminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool StderrIsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace pano::cli
