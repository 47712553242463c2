#include "app/batches/batch_input.h"

#include <optional>
#include <set>
#include <utility>

#include "app/batches/input_line.h"
#include "app/batches/line_reader.h"
#include "base/strings.h"

namespace pano::batches {
namespace {

using json::Value;

// `line` from 1; 0: of the whole file.
void AddError(std::string_view code, std::string_view message, std::string_view param, int64_t line, InputReport& report) {
  if (report.errors.size() >= InputReport::kErrorsMax) return;
  Value error;
  error.Set("code", code);
  error.Set("message", message);
  error.Set("param", param.empty() ? Value() : Value(param));
  error.Set("line", line > 0 ? Value(line) : Value());
  report.errors.push_back(std::move(error));
}

}  // namespace

Result<InputReport> CheckInput(const std::string& path, std::string_view endpoint, const InputLimits& limits, Env& env) {
  PANO_ASSIGN_OR_RETURN(LineReader reader, LineReader::Open(path, limits.line_bytes_max, env));
  InputReport report;
  std::set<std::string> ids;
  while (true) {
    Result<std::optional<std::string>> text = reader.Next();
    if (!text.ok() && text.error().reason() == "line_too_long") {
      AddError("line_too_long", text.error().message(), "", reader.line(), report);
      return report;
    }
    if (!text.ok()) return text.error();
    if (!*text) break;
    const int64_t line = reader.line();
    if (++report.lines > static_cast<int64_t>(limits.lines_max)) {
      AddError("too_many_lines", StrCat("the file has more than ", limits.lines_max, " lines"), "", 0, report);
      return report;
    }
    Result<InputLine> parsed = ParseInputLine(**text, endpoint);
    if (!parsed.ok()) {
      AddError(parsed.error().reason(), parsed.error().message(), parsed.error().field(), line, report);
    } else if (!ids.insert(parsed->custom_id).second) {
      AddError("duplicate_custom_id", StrCat("the custom_id '", Printable(parsed->custom_id), "' stands twice"),
               "custom_id", line, report);
    }
  }
  if (report.lines == 0) AddError("empty_file", "the file has no line", "", 0, report);
  return report;
}

}  // namespace pano::batches
