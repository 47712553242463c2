#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::train {

// Calls take(text, place) for each document of the files: of a .jsonl file the "text" of each line
// (an object, or a string alone); any other file is one document, or several where lines
// "<|endoftext|>" divide it. Documents of white space alone are left out. Stops at the first
// failure. Answers what identifies the files' bytes: "sha256:...".
Result<std::string> ForEachDocument(const std::vector<std::string>& paths,
                                    const std::function<Status(std::string_view text, const std::string& place)>& take);

}  // namespace pano::train
