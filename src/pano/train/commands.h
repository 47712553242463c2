#pragma once

#include "pano/command_line/command.h"

namespace pano::train {

// The subcommands of pano-train, one *_command.cc each.
int RunTrain(const cli::Command& self, cli::Args args);    // trains what a recipe says
int RunKeys(const cli::Command& self, cli::Args args);     // prints the keys of recipes
int RunStories(const cli::Command& self, cli::Args args);  // cuts a text into stories, some held out
int RunNgram(const cli::Command& self, cli::Args args);    // measures n-gram baselines
int RunAnswers(const cli::Command& self, cli::Args args);  // writes known answers of a model folder

}  // namespace pano::train
