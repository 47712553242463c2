#pragma once

#include <string_view>

#include "model/train/command_line.h"

namespace pano::train {

// The subcommands of pano-train. Each returns the exit code: 0 fine, 1 failure, 2 wrong usage.
int RunLm(Args args);       // trains a language model from a recipe
int RunNgram(Args args);    // measures the n-gram baselines on a recipe's held-out text
int RunAnswers(Args args);  // writes known answers of a model folder

// Parses `args`; the exit code when the command ends here (--help, wrong usage), else -1.
int ParseOrExplain(std::string_view command, OptionSet& options, Args args);
// Prints "pano train <command>: <message>" on stderr; returns 1, or 2 for wrong usage.
int FailCommand(std::string_view command, const Status& status);
int FailCommandUsage(std::string_view command, std::string_view message);

// How many threads torch and its BLAS use inside one operation.
void SetTorchThreads(int count);

}  // namespace pano::train
