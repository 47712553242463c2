#pragma once

#include <span>
#include <string_view>

namespace pano::chat {

// The one of `words` that was probably meant by `typed`: what begins so, or what differs by two slips of
// the finger at most. "" for none.
std::string_view NearestWord(std::string_view typed, std::span<const std::string_view> words);

}  // namespace pano::chat
