#pragma once

#include "app/api/call.h"

namespace pano::api {

struct Context;

// POST /v1/tokenize and /v1/detokenize.
void Tokenize(Context& context, CallPtr call);
void Detokenize(Context& context, CallPtr call);

}  // namespace pano::api
