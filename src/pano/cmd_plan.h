#pragma once

#include "pano/command_line/command.h"

namespace pano::cli {

int RunPlan(const Command& self, Args args);

}  // namespace pano::cli
