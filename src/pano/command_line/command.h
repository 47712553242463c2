#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/status.h"

namespace pano::cli {

using Args = std::span<const std::string>;

struct Command;
struct Positionals;

// Takes what a command declares, in place of running it: man pages and completions come from there.
using Describer = std::function<void(const Command& self, const OptionSet& options,
                                     const Positionals* positionals)>;

// A row of an executable's table of commands. `name`: what follows "pano" on the command line.
struct Command {
  std::string_view name;
  std::string_view summary;              // one line for `pano --help`
  int (*run)(const Command& self, Args args);   // the exit code: 0 fine, 1 failure, 2 wrong usage
  const Describer* describer = nullptr;  // set in a copy: Parse calls it, and the command ends at once
};

// Positional arguments of a command, for parsing and for --help.
struct Positionals {
  std::string_view name;                 // "PATH"
  std::string_view help;
  size_t min = 0;
  size_t max = 0;
  std::vector<std::string> values;
};

// Fills the options from `args`, the environment (PANO_...) and, where `--config` is given, a YAML
// file; the flag wins over the environment over the file. Returns the exit code when the command is to
// end at once (0 after --help, 2 after an explained usage error), else nothing.
std::optional<int> Parse(const Command& self, OptionSet& options, Args args,
                         Positionals* positionals = nullptr);

// Prints "pano <command>: <message>" and the hint on stderr; returns 1.
int Fail(const Command& self, const Status& status, std::string_view hint = {});
// The same for wrong usage; returns 2.
int FailUsage(const Command& self, std::string_view message);

// Writes what standard output still holds, at the end of a program. Returns `code`, or 1 in place of 0
// when some of the output could not be written, which it says on stderr as `program` unless the
// reader merely went away (`| head`).
int FlushStdout(std::string_view program, int code);

bool StdoutIsTerminal();
bool StderrIsTerminal();

}  // namespace pano::cli
