#pragma once

#include "pano/command_line/command.h"

namespace pano::train {

// The subcommands of pano-train, one *_command.cc each.
int RunLm(const cli::Command& self, cli::Args args);       // trains a language model from a recipe
int RunNgram(const cli::Command& self, cli::Args args);    // measures n-gram baselines
int RunAnswers(const cli::Command& self, cli::Args args);  // writes known answers of a model folder

}  // namespace pano::train
