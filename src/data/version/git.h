#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace pano::data {

// Runs git in `folder` and answers what it wrote; `input` is its standard input. InvalidArgument with git's own words
// where it ends with a failure; Unavailable where it cannot be run or writes more than `bytes_max`.
Result<std::string> RunGit(const std::string& folder, const std::vector<std::string>& args, const std::string& input = "",
                           size_t bytes_max = 1ull << 30);

}  // namespace pano::data
