#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::format {

// What a file says about the split that it is part of.
struct GgufSplit {
  int64_t number = 0;   // from 0
  int64_t count = 1;    // files
  int64_t tensors = 0;  // of all files together; 0: not said
};

// From the keys split.no, split.count and split.tensors.count; a file without them is whole. Corruption
// where they contradict each other.
Result<GgufSplit> ReadGgufSplit(const json::Value& metadata);

// The paths of all `count` parts, the first being at `first`: NAME-00001-of-00003.gguf and so on, as
// gguf-split names them. InvalidArgument when the file has another name.
Result<std::vector<std::string>> GgufPartPaths(std::string_view first, int64_t count);

// Whether a file is, by its name, another part of a split model than the first.
bool IsLaterGgufPart(std::string_view name);

}  // namespace pano::format
