#pragma once

#include "app/api/context.h"

namespace pano::api::kserve {

// POST /v2/models/{id}[/versions/{version}]/generate: "text_input" to "text_output".
void Generate(Context& context, CallPtr call);
// The same streamed: each event has its new piece, an error in the stream is {"error"}.
void GenerateStream(Context& context, CallPtr call);

}  // namespace pano::api::kserve
