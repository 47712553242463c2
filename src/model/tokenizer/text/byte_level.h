#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pano::tokenizer {

// Byte-level BPE writes each byte as one printable character: most of Latin-1 as itself, the 68 bytes
// that do not print as U+0100.. in order (space is U+0120).

// Appends `bytes`, each written as its character.
void AppendByteLevel(std::string& out, std::string_view bytes);
// The bytes that `text` writes, or nothing when some character of it stands for no byte.
std::optional<std::string> FromByteLevel(std::string_view text);

}  // namespace pano::tokenizer
