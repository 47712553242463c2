#pragma once

#include "app/api/call.h"

namespace pano::api {

struct Context;

// GET /: the page to try a model with, from the binary; needs nothing from anywhere else.
void Page(Context& context, CallPtr call);

}  // namespace pano::api
