#include "app/api/streams/dialect.h"

#include "app/api/document/component_schemas.h"
#include "app/api/streams/replay.h"

namespace pano::api::resuming {

Dialect MakeDialect() {
  // Any caller: for all but the one that began a stream it does not exist.
  std::vector<Route> routes = {
      {.method = "GET",
       .pattern = "/v1/streams/{request_id}",
       .access = Access::kCaller,
       .handler = Replay,
       .operation_id = "readStream",
       .summary = "A resumable stream of the caller's, from the event after Last-Event-ID (a header, or "
                  "lastEventId in the query) on, as its first connection would get it.",
       .content_type = "text/event-stream"},
      {.method = "DELETE",
       .pattern = "/v1/streams/{request_id}",
       .access = Access::kCaller,
       .handler = Delete,
       .operation_id = "deleteStream",
       .summary = "Ends a resumable stream of the caller's: what generates is cancelled, and the stream is gone.",
       .response_schema = "StreamDeleted"},
  };
  std::vector<NamedSchema> schemas = {
      {"StreamDeleted", ObjectSchema({{"id", "s"}, {"object", "s"}, {"deleted", "b"}})},
  };
  return {.name = "streams", .routes = std::move(routes), .schemas = std::move(schemas)};
}

}  // namespace pano::api::resuming
