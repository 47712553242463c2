#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/options.h"
#include "base/result.h"

namespace pano::train {

using Args = std::span<const std::string>;

// Sets `options` from "--name value", "--name=value" and "--switch"; a repeated option also takes
// several values in a row. InvalidArgument when an argument is unknown or its value does not fit.
Status ParseArgs(const OptionSet& options, Args args);

// The options with their help, one a line.
std::string HelpText(const OptionSet& options);

}  // namespace pano::train
