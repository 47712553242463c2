#pragma once

#include "base/json.h"
#include "base/result.h"

namespace pano::api::ollama {

// `messages` of /api/chat (a list) in the form that the core's chat takes: OpenAI's. InvalidArgument names the place
// of what is wrong, or what is not supported: images.
Result<json::Value> ReadMessages(const json::Array& messages);

// The refusal of a member "images" that has some; `where` it stands ("messages[2].", "").
Status RefuseImages(const json::Value& object, std::string_view where);

}  // namespace pano::api::ollama
