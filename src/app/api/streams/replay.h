#pragma once

#include "app/api/call.h"
#include "app/api/context.h"

namespace pano::api::resuming {

// GET: what comes after the last event that the caller has seen, and goes on live.
void Replay(Context& context, CallPtr call);
// DELETE: cancels and forgets.
void Delete(Context& context, CallPtr call);

}  // namespace pano::api::resuming
