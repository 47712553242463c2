#pragma once

#include <memory>

#include "app/api/answer.h"
#include "app/api/context.h"
#include "app/api/generation.h"
#include "app/api/openai/responses/response_request.h"
#include "app/api/openai/responses/response_store.h"

namespace pano::api::openai {

// The response object of a whole answer, which is kept where the request says so.
json::Value AnswerResponse(const ResponseRequest& request, const Output& output, ResponseStore& store, TimePoint now,
                           Duration retention);

// The same as events, each "event: TYPE" with its "type" and a "sequence_number" that counts from 0:
// response.created, response.in_progress, those of its items, then response.completed, response.incomplete or
// response.failed with the whole object.
std::unique_ptr<GenerationSink> MakeResponseStream(Context& context, CallPtr call,
                                                   std::shared_ptr<const ResponseRequest> request,
                                                   std::shared_ptr<ResponseStore> store);

}  // namespace pano::api::openai
