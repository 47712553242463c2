#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pano {

// One setting, declared once: from here come the flag, the environment variable, the key in a
// config file, the range check and the line of --help.
struct OptionSpec {
  std::string name;           // "max-tokens": flag --max-tokens, PANO_MAX_TOKENS, key max-tokens
  std::string value_name;     // "N", "PATH"; "" for a switch, which takes no value in flags
  std::string help;
  std::string default_text;   // shown by --help; "" when there is none to show
  bool repeated = false;
  // Parses and stores; called once per occurrence.
  std::function<Status(std::string_view value)> set;
};

// The settings of one command. Thread-compatible.
class OptionSet {
 public:
  OptionSet& Flag(std::string name, bool* target, std::string help);
  OptionSet& Int(std::string name, int64_t* target, int64_t min, int64_t max, std::string help,
                 std::string value_name = "N");
  OptionSet& Double(std::string name, double* target, double min, double max, std::string help,
                    std::string value_name = "X");
  OptionSet& String(std::string name, std::string* target, std::string help,
                    std::string value_name = "TEXT");
  OptionSet& Choice(std::string name, std::string* target, std::vector<std::string> choices,
                    std::string help);
  OptionSet& Strings(std::string name, std::vector<std::string>* target, std::string help,
                     std::string value_name = "TEXT");
  // Optional settings stay empty unless given.
  OptionSet& MaybeInt(std::string name, std::optional<int64_t>* target, int64_t min, int64_t max,
                      std::string help, std::string value_name = "N");
  OptionSet& MaybeDouble(std::string name, std::optional<double>* target, double min, double max,
                         std::string help, std::string value_name = "X");
  OptionSet& MaybeString(std::string name, std::optional<std::string>* target, std::string help,
                         std::string value_name = "TEXT");

  const std::vector<OptionSpec>& specs() const { return specs_; }
  const OptionSpec* Find(std::string_view name) const;

  // InvalidArgument that names the option when it is unknown or the value does not fit.
  Status Set(std::string_view name, std::string_view value) const;

 private:
  OptionSet& Add(OptionSpec spec);
  std::vector<OptionSpec> specs_;
};

// "PANO_MAX_TOKENS" for "max-tokens".
std::string EnvironmentName(std::string_view option);

}  // namespace pano
