#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pano::pipeline {

// The parameters of a Python file, as DVC reads them without running it: assignments of literals at
// the top (NAME = 5, NAME: int = 5), those in classes as mappings by the class's name, and in a
// class's __init__ those to self.NAME. Literals: numbers, texts, True, False, None, lists, tuples
// and sets of literals (as lists), dictionaries. What is none of these is passed over.
// InvalidArgument with "line N" where brackets or quotes have no end.
Result<json::Value> ParsePythonParams(std::string_view text);

}  // namespace pano::pipeline
