#pragma once

#include <optional>
#include <string>

#include "app/api/chat_request.h"
#include "app/api/message_output.h"
#include "app/constraints/source.h"
#include "app/models/model_version.h"
#include "base/result.h"
#include "model/engine/request.h"

namespace pano::api {

// What an answer to a chat has to be: out of its tools and their choice, of how the model reasons, and of
// what the request itself says of its content (`content`, as ReadConstraint gives it). Nothing: it is
// free. Behind PrepareChat, whose `source` it completes: where a grammar keeps calls whole, their
// arguments stream.
//
// A content that is no JSON (a regular expression, choices, a grammar) goes with neither tools nor
// reasoning that has begun: InvalidArgument by its field. The grammar is compiled elsewhere; a
// function's schema that cannot be enforced is refused there, unless the model calls of its own accord.
Result<std::optional<constraints::Source>> ConstrainAnswer(
    const ChatRequest& request, std::optional<constraints::Source> content, MessageSource& source);

// The limit of reasoning in a request, for the engine; null where there is none, or the model does not
// reason. Only beside ConstrainAnswer's grammar.
std::optional<engine::ReasoningLimit> LimitReasoning(const models::ModelVersion& version,
                                                     const ChatRequest& request,
                                                     const MessageSource& source);

}  // namespace pano::api
