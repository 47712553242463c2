#pragma once

#include "base/result.h"
#include "model/template/chat_template.h"

namespace pano::jinja {

// Renders a conversation as clients of OpenAI's API send it, in the form that the template takes.
// Templates differ in what they expect where that API leaves a choice: a call's arguments (JSON in a
// string, or the object), no content beside tool calls (null, or ""), a content of text parts (the
// list, or one string). What was sent is tried first; another form is taken when that one fails
// (types, undefined names, raise_exception) or when the result shows that the template did not
// understand it: "None" printed for null, Python's print of a list of parts, arguments escaped into a
// string once more, the last user's words missing.
// Without a form that does better the first result counts, and its failure where all fail. Renders at
// most kFormsMax times, within the template's limits each; a met limit ends it.
inline constexpr int kFormsMax = 14;
Result<Rendered> RenderConversation(const ChatTemplate& chat, ChatInputs inputs);

}  // namespace pano::jinja
