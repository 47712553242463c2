#pragma once

#include "pano/command_line/command.h"

// The commands of pano-infra. Each returns the exit code.
namespace pano::infra {

int RunSimAllReduce(const cli::Command& self, cli::Args args);
int RunSimBench(const cli::Command& self, cli::Args args);
int RunSimFlows(const cli::Command& self, cli::Args args);
int RunSimQueue(const cli::Command& self, cli::Args args);
int RunSimServe(const cli::Command& self, cli::Args args);
int RunSimStep(const cli::Command& self, cli::Args args);

}  // namespace pano::infra
