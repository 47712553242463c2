#pragma once

#include "app/api/context.h"

namespace pano::api::native {

// POST /v1/tokenize and /v1/detokenize.
void Tokenize(Context& context, CallPtr call);
void Detokenize(Context& context, CallPtr call);

}  // namespace pano::api::native
