#pragma once

#include <string>

#include "base/json.h"
#include "pano/type_choice/choose_type.h"
#include "pano/type_choice/measure_types.h"

namespace pano::type_choice {

// What was measured, what was taken and why, as `pano quantize --to auto --json` has it under "auto".
json::Value ToJson(const Measurements& measurements, const Choice& choice, const Work& work,
                   const Bounds& bounds);

// The same for people, from that value: a row a type and a line below.
std::string FormatTable(const json::Value& value);

}  // namespace pano::type_choice
