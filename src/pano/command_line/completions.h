#pragma once

#include <string>

#include "pano/command_line/documentation.h"

namespace pano::cli {

// Completion scripts, loaded by each shell for the program's name: commands, then options, then files
// or choices as the option's value.
std::string BashCompletion(const ProgramText& program);
std::string ZshCompletion(const ProgramText& program);
std::string FishCompletion(const ProgramText& program);

}  // namespace pano::cli
