#include "model/train/command_line.h"

#include "base/strings.h"

namespace pano::train {

Status ParseArgs(const OptionSet& options, Args args) {
  for (size_t i = 0; i < args.size();) {
    std::string_view name = args[i++];
    if (!name.starts_with("--")) {
      return InvalidArgument(StrCat("'", Printable(name), "' is no option"));
    }
    name.remove_prefix(2);
    size_t equals = name.find('=');
    const OptionSpec* spec = options.Find(name.substr(0, equals));
    if (!spec) return InvalidArgument(StrCat("no option --", Printable(name.substr(0, equals))));
    if (equals != std::string_view::npos) {
      PANO_RETURN_IF_ERROR(spec->set(name.substr(equals + 1)));
      continue;
    }
    if (spec->value_name.empty()) {
      PANO_RETURN_IF_ERROR(spec->set("true"));
      continue;
    }
    if (i == args.size()) return InvalidArgument(StrCat("--", spec->name, " needs a value"));
    PANO_RETURN_IF_ERROR(spec->set(args[i++]));
    while (spec->repeated && i < args.size() && !args[i].starts_with("--")) {
      PANO_RETURN_IF_ERROR(spec->set(args[i++]));
    }
  }
  return OkStatus();
}

std::string HelpText(const OptionSet& options) {
  std::string out;
  for (const OptionSpec& spec : options.specs()) {
    std::string left = StrCat("  --", spec.name);
    if (!spec.value_name.empty()) left += StrCat(" ", spec.value_name, spec.repeated ? "..." : "");
    if (left.size() < 24) left.resize(24, ' ');
    out += StrCat(left, "  ", spec.help);
    if (!spec.default_text.empty()) out += StrCat(" (default ", spec.default_text, ")");
    out += "\n";
  }
  return out;
}

}  // namespace pano::train
