#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/tools/tool.h"

namespace pano::tools {

// How values are written where they are not JSON.
enum class LiteralForm {
  kPython,  // Python's literals: 'a', "a", """a""", True, None, [1], (1, 2), {'k': 1}
  kMarked,  // strings between <|"|> without escapes, keys as bare words: {k:<|"|>a<|"|>,l:[1,true]}
};

inline constexpr std::string_view kStringMark = "<|\"|>";

// The whole of `text`, blanks around it aside, as JSON text; null when it is no such literal or nests
// deeper than 60.
std::optional<std::string> LiteralToJson(LiteralForm form, std::string_view text);

// What stands between the parentheses of a call as a JSON object: `a=1, b='x'`. Arguments without a
// name take those of the tool's schema in order.
std::optional<std::string> PythonArgumentsToJson(const Tool& tool, std::string_view text);

}  // namespace pano::tools
