#pragma once

#include "app/api/batches/batch_server.h"
#include "app/api/context.h"

namespace pano::api::batches {

// The seconds of a completion window: "24h", "90m", "30s", "7d", at most 7 days. InvalidArgument for others.
Result<int64_t> ParseWindow(std::string_view text);

// POST /v1/batches.
void CreateBatch(Context& context, BatchServer& server, const CallPtr& call);
// GET /v1/batches.
void ListBatches(Context& context, BatchServer& server, const CallPtr& call);
// GET /v1/batches/{batch_id}.
void RetrieveBatch(Context& context, BatchServer& server, const CallPtr& call);
// POST /v1/batches/{batch_id}/cancel.
void CancelBatch(Context& context, BatchServer& server, const CallPtr& call);

}  // namespace pano::api::batches
