#pragma once

#include "app/api/context.h"
#include "app/api/failure.h"
#include "app/api/generation.h"
#include "app/api/parameters.h"

namespace pano::api {

// Before Generation::Start: a call that asks for a resumable stream gets a log, which its writer writes
// to and its connection reads from, and the generation a place that does not depend on the connection.
// Not ok: the call fails with it (409 for an id that is taken, 429 where no memory is left).
Failure OpenResumable(Context& context, Call& call, const Parameters& parameters,
                      Generation::Place& place);

// What a refusal of a log or its store is in HTTP.
Failure StreamRefused(Status status, const Context& context);

}  // namespace pano::api
