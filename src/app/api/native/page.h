#pragma once

#include "app/api/context.h"

namespace pano::api::native {

// GET /: the page to try a model with, from the binary; needs nothing from anywhere else.
void Page(Context& context, CallPtr call);

}  // namespace pano::api::native
