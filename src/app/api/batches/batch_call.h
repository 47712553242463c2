#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "app/api/batches/batch_server.h"
#include "app/api/context.h"

namespace pano::api::batches {

// What the routes of files and batches have in common.

using BatchHandler = void (*)(Context& context, BatchServer& server, const CallPtr& call);

// A route's handler: on a thread of the pool, where the disk may be waited for. Without a server the route answers that there
// is none.
std::function<void(Context&, CallPtr)> WithServer(BatchServerPtr server, BatchHandler handler);

// A failure of the store as callers learn it: what they asked for wrongly in its own words, but of a full disk or a broken
// database neither the path nor, by a 429, that another time less would do. The log has the cause.
Status ForCaller(const Status& status);

// The part of a list that the query asks for: `after`, `limit` up to `limit_max`, `order`, `purpose`.
Result<BatchStore::Page> ReadPage(const http::Request& request, int64_t limit, int64_t limit_max);

// {"object": "list", "data", "first_id", "last_id", "has_more"}.
json::Value ListJson(json::Array data, bool has_more);

}  // namespace pano::api::batches
