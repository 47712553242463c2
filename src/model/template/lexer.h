#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::jinja {

enum class TokenKind : uint8_t {
  kData,                                 // text between tags, white space control already applied
  kBlockBegin, kBlockEnd,                // {% and %}
  kVariableBegin, kVariableEnd,          // {{ and }}
  kName, kString, kInteger, kFloat, kOperator,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t line = 1;
  std::string_view text;                 // into the source; strings with their quotes
};

// Line ends as \n, without the one at the very end. Corruption when it is not UTF-8.
Result<std::string> NormalizeSource(std::string_view source);

// The tokens of a normalised source, with trim_blocks and lstrip_blocks; the last is kEnd. Comments
// and raw tags are gone. Corruption, with the line, for what is no token.
Result<std::vector<Token>> Lex(std::string_view source);

}  // namespace pano::jinja
