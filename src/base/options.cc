#include "base/options.h"

#include <algorithm>

#include "base/strings.h"

namespace pano {
namespace {

Status BadValue(std::string_view name, std::string_view value, std::string_view wanted) {
  return InvalidArgument(
      StrCat("--", name, ": '", Printable(value), "' is not ", wanted));
}

template <typename Number, typename Target>
std::function<Status(std::string_view)> NumberSetter(std::string name, Target* target, Number min,
                                                     Number max) {
  return [name = std::move(name), target, min, max](std::string_view text) -> Status {
    std::optional<Number> number;
    if constexpr (std::is_same_v<Number, double>) {
      number = ParseDouble(text);
    } else {
      number = ParseInt(text);
    }
    if (!number || !(*number >= min && *number <= max)) {
      return BadValue(name, text, StrCat("a number from ", min, " to ", max));
    }
    *target = *number;
    return {};
  };
}

}  // namespace

OptionSet& OptionSet::Add(OptionSpec spec) {
  specs_.push_back(std::move(spec));
  return *this;
}

OptionSet& OptionSet::Flag(std::string name, bool* target, std::string help) {
  auto set = [name, target](std::string_view text) -> Status {
    if (text == "" || text == "true" || text == "1" || text == "yes" || text == "on") {
      *target = true;
    } else if (text == "false" || text == "0" || text == "no" || text == "off") {
      *target = false;
    } else {
      return BadValue(name, text, "true or false");
    }
    return {};
  };
  return Add({std::move(name), "", std::move(help), "", false, std::move(set)});
}

OptionSet& OptionSet::Int(std::string name, int64_t* target, int64_t min, int64_t max,
                          std::string help, std::string value_name) {
  auto set = NumberSetter<int64_t>(name, target, min, max);
  return Add({std::move(name), std::move(value_name), std::move(help), StrCat(*target), false,
              std::move(set)});
}

OptionSet& OptionSet::Double(std::string name, double* target, double min, double max,
                             std::string help, std::string value_name) {
  auto set = NumberSetter<double>(name, target, min, max);
  return Add({std::move(name), std::move(value_name), std::move(help), StrCat(*target), false,
              std::move(set)});
}

OptionSet& OptionSet::String(std::string name, std::string* target, std::string help,
                             std::string value_name) {
  auto set = [target](std::string_view text) -> Status {
    *target = std::string(text);
    return {};
  };
  return Add({std::move(name), std::move(value_name), std::move(help), *target, false,
              std::move(set)});
}

OptionSet& OptionSet::Choice(std::string name, std::string* target,
                             std::vector<std::string> choices, std::string help) {
  std::string shown;
  for (const std::string& choice : choices) shown += (shown.empty() ? "" : "|") + choice;
  auto set = [name, target, choices = std::move(choices), shown](std::string_view text) -> Status {
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      return BadValue(name, text, StrCat("one of ", shown));
    }
    *target = std::string(text);
    return {};
  };
  return Add({std::move(name), shown, std::move(help), *target, false, std::move(set)});
}

OptionSet& OptionSet::Strings(std::string name, std::vector<std::string>* target,
                              std::string help, std::string value_name) {
  auto set = [target](std::string_view text) -> Status {
    target->emplace_back(text);
    return {};
  };
  return Add({std::move(name), std::move(value_name), std::move(help), "", true, std::move(set)});
}

OptionSet& OptionSet::MaybeInt(std::string name, std::optional<int64_t>* target, int64_t min,
                               int64_t max, std::string help, std::string value_name) {
  auto set = NumberSetter<int64_t>(name, target, min, max);
  return Add({std::move(name), std::move(value_name), std::move(help), "", false, std::move(set)});
}

OptionSet& OptionSet::MaybeDouble(std::string name, std::optional<double>* target, double min,
                                  double max, std::string help, std::string value_name) {
  auto set = NumberSetter<double>(name, target, min, max);
  return Add({std::move(name), std::move(value_name), std::move(help), "", false, std::move(set)});
}

OptionSet& OptionSet::MaybeString(std::string name, std::optional<std::string>* target,
                                  std::string help, std::string value_name) {
  auto set = [target](std::string_view text) -> Status {
    *target = std::string(text);
    return {};
  };
  return Add({std::move(name), std::move(value_name), std::move(help), "", false, std::move(set)});
}

const OptionSpec* OptionSet::Find(std::string_view name) const {
  auto it = std::find_if(specs_.begin(), specs_.end(),
                         [&](const OptionSpec& spec) { return spec.name == name; });
  return it == specs_.end() ? nullptr : &*it;
}

Status OptionSet::Set(std::string_view name, std::string_view value) const {
  const OptionSpec* spec = Find(name);
  if (!spec) return InvalidArgument(StrCat("no option '", Printable(name), "'"));
  return spec->set(value);
}

std::string EnvironmentName(std::string_view option) {
  std::string name = "PANO_";
  for (char c : option) {
    name.push_back(c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
  }
  return name;
}

}  // namespace pano
