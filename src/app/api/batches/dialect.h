#pragma once

#include "app/api/batches/batch_server.h"
#include "app/api/dialect.h"

namespace pano::api::batches {

// OpenAI's files and batches: long jobs that take what other requests leave. Without a server the routes answer that there is
// no state.
Dialect MakeDialect(BatchServerPtr server);

}  // namespace pano::api::batches
