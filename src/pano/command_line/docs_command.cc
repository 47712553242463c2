#include <cstdio>

#include "base/strings.h"
#include "pano/command_line/documentation.h"

namespace pano::cli {

int RunDocs(ProgramText program, std::span<const Command> commands, Args args) {
  const std::string name = StrCat(program.prefix, "docs");
  const Command self{name, "Write man pages and completions.", nullptr};
  std::string out;
  OptionSet options;
  options.String("out", &out, "The folder to write man/, bash/, zsh/ and fish/ into.", "DIR");
  options.String("date", &program.date, "The date that the man pages bear.", "YYYY-MM-DD");
  if (auto code = Parse(self, options, args)) return *code;
  if (out.empty()) return FailUsage(self, "--out DIR is missing");
  program.commands = DescribeCommands(commands);
  const Status status = WriteDocumentation(program, out);
  return status.ok() ? 0 : Fail(self, status);
}

}  // namespace pano::cli
