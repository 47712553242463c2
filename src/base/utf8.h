#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pano {

// Bytes (1-4) of the well-formed UTF-8 character that `text` begins with (Unicode 15, table 3-7:
// no overlong form, no surrogate, nothing above U+10FFFF); 0 when it begins with none.
size_t Utf8Length(std::string_view text);

// How many bytes at the end of `text` begin a character that is not complete yet: 0-3. Those bytes
// may still become well-formed; anything else that is ill-formed counts as complete.
size_t Utf8IncompleteTail(std::string_view text);

// The code point that `text` begins with. REQUIRES: Utf8Length(text) == length and length > 0.
char32_t Utf8Decode(std::string_view text, size_t length);

// Appends `code_point` as UTF-8. REQUIRES: a scalar value.
void Utf8Append(std::string& out, char32_t code_point);

bool Utf8Valid(std::string_view text);

// `text` with each maximal ill-formed part replaced by U+FFFD, as the WHATWG decoder does it.
std::string Utf8Sanitize(std::string_view text);

}  // namespace pano
