#pragma once

#include <memory>

#include "app/api/context.h"
#include "app/api/openai/responses/response_store.h"

namespace pano::api::openai {

using ResponseStorePtr = std::shared_ptr<ResponseStore>;

// POST /v1/responses: plain, or streamed as typed events.
void CreateResponse(Context& context, CallPtr call, const ResponseStorePtr& store);
// POST /v1/responses/input_tokens: what the same request's prompt would be in tokens.
void CountResponseInput(Context& context, CallPtr call, const ResponseStorePtr& store);
// GET and DELETE /v1/responses/{response_id}, GET /v1/responses/{response_id}/input_items: of the caller's own.
void GetResponse(Context& context, CallPtr call, const ResponseStorePtr& store);
void DeleteResponse(Context& context, CallPtr call, const ResponseStorePtr& store);
void ListResponseInput(Context& context, CallPtr call, const ResponseStorePtr& store);

}  // namespace pano::api::openai
