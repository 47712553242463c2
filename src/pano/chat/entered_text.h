#pragma once

#include <string>
#include <string_view>

namespace pano::chat {

// How several lines are entered: a line that ends with a backslash goes on, and so does a text that
// begins with three double quotes until it ends with three.

// True while Enter begins a new line.
bool IsUnfinished(std::string_view text);
// What was meant: without those backslashes and quotes.
std::string FinishedText(std::string_view text);

}  // namespace pano::chat
