#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pano::cli {

// What main() of an executable beside pano does around its commands. `run` gets the words behind the executable's
// name and returns the exit code. An exception (of the standard library or torch, where memory runs out) ends in 1
// and a line that begins with `name`; so does output that could not be written. A reader that went away is a failed
// write, not a signal.
int RunProgram(std::string_view name, int argc, char** argv,
               const std::function<int(const std::vector<std::string>& words)>& run);

}  // namespace pano::cli
