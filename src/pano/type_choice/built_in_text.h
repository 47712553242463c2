#pragma once

#include <string_view>

namespace pano::type_choice {

// A few hundred words of what models are asked for: stories, explanations, a dialogue, code, tables,
// Chinese. Ours; a text of one's own use says more about it.
std::string_view BuiltInText();

}  // namespace pano::type_choice
