#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pano::api::openai {

// The `input` of a response, read. A value.
struct ResponseInput {
  json::Value items{json::Array()};     // as GET .../input_items lists them: each with an id
  json::Value messages{json::Array()};  // the same as messages of a chat
};

// The item that a reference ("item_reference") names.
using FindItem = std::function<Result<json::Value>(std::string_view id)>;

// Reads `input`: a text, which is the user's, or a list of items: messages of text parts, calls of functions and
// their outputs, reasoning that a model gave before, references to items that were answered. Items that stand for
// something else (images, files, audio, built-in tools) are refused by name. Calls that follow each other are one
// message of the assistant's; reasoning belongs to the message or the calls behind it.
Result<ResponseInput> ReadResponseInput(const json::Value& input, const FindItem& find_item);

// "msg_..." and the like: unique.
std::string NewItemId(std::string_view prefix);

}  // namespace pano::api::openai
