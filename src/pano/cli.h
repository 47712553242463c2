#pragma once

#include "pano/command_line/command.h"

namespace pano::cli {

// The commands, one cmd_*.cc each.
int RunServe(const Command& self, Args args);
int RunPull(const Command& self, Args args);
int RunModels(const Command& self, Args args);
int RunRun(const Command& self, Args args);
int RunChat(const Command& self, Args args);
int RunInspect(const Command& self, Args args);
int RunTokenize(const Command& self, Args args);
int RunTemplate(const Command& self, Args args);
int RunGrammar(const Command& self, Args args);
int RunEval(const Command& self, Args args);
int RunConvert(const Command& self, Args args);
int RunMerge(const Command& self, Args args);
int RunQuantize(const Command& self, Args args);
int RunBench(const Command& self, Args args);
int RunDoctor(const Command& self, Args args);
int RunLoad(const Command& self, Args args);
int RunAuth(const Command& self, Args args);

}  // namespace pano::cli
