#pragma once

#include "base/json.h"
#include "model/template/runtime.h"

namespace pano::jinja {

// A value of the inputs: all of it marked as coming from there. Ill-formed UTF-8 becomes U+FFFD.
Value FromJson(Runtime& rt, const json::Value& json);

// The messages as templates expect them: what a message has as `reasoning_content` it also has as
// `thinking`. What `markers` (may be null) finds in an assistant's words counts as the template's.
Value MessagesFromJson(Runtime& rt, const json::Value& messages, const OwnMarkers& markers);

}  // namespace pano::jinja
