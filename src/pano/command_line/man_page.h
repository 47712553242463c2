#pragma once

#include <string>

#include "pano/command_line/documentation.h"

namespace pano::cli {

// "pano-train-lm" for the command "train lm".
std::string ManPageName(const CommandText& command);

// Man pages in roff's man macros (man(7)), section 1.
std::string ProgramManPage(const ProgramText& program);
std::string CommandManPage(const ProgramText& program, const CommandText& command);

// `text` as roff shows it: backslashes, hyphens and leading dots and quotes do not mean anything.
std::string RoffText(std::string_view text);

}  // namespace pano::cli
