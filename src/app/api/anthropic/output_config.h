#pragma once

#include "app/api/anthropic/messages_call.h"
#include "app/api/chat_request.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api::anthropic {

// "output_config" of a body: its "format" ({"type": "json_schema", "schema"}, also as
// "output_format", its name before there was a configuration) becomes the call's constraint, its
// "effort" a variable of the template. InvalidArgument names what is malformed, not supported here,
// or said twice.
Status ReadOutputConfig(const json::Value& body, ChatRequest& request, MessagesCall& messages);

}  // namespace pano::api::anthropic
