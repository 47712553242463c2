#include "app/api/batches/batch_call.h"

#include <string>
#include <utility>

#include "base/strings.h"

namespace pano::api::batches {

std::function<void(Context&, CallPtr)> WithServer(BatchServerPtr server, BatchHandler handler) {
  return [server = std::move(server), handler](Context& context, CallPtr call) {
    if (!server) {
      return call->Fail(Unimplemented("files and batches are kept where the server was started with --state DIR")
                            .WithReason("no_state"));
    }
    if (call->request().method == "POST") return handler(context, *server, call);  // it is on the pool already
    const bool taken = context.work.Submit(0, [&context, server, handler, call] { handler(context, *server, call); });
    if (taken) return;
    call->Fail(Status(StatusCode::kUnavailable, "too many requests wait for a thread").WithReason("overloaded"));
  };
}

Status ForCaller(const Status& status) {
  const StatusCode code = status.code();
  const bool full = code == StatusCode::kExhausted && status.reason() == "disk_full";
  const bool told = code == StatusCode::kNotFound || code == StatusCode::kInvalidArgument || code == StatusCode::kExhausted ||
                    (code == StatusCode::kUnavailable && !status.reason().empty());
  if (status.ok() || (told && !full)) return status;
  return Status(StatusCode::kUnavailable, full ? "the server's disk is full: nothing was changed"
                                               : "the server cannot use its files and batches")
      .WithReason(full ? "disk_full" : "store_failed")
      .WithCause(status);
}

Result<BatchStore::Page> ReadPage(const http::Request& request, int64_t limit, int64_t limit_max) {
  BatchStore::Page page;
  page.limit = limit;
  if (const auto asked = request.Query("limit")) {
    page.limit = ParseInt(*asked).value_or(0);
    if (page.limit < 1 || page.limit > limit_max) {
      return BadField("limit", StrCat("'limit' must be a whole number from 1 to ", limit_max));
    }
  }
  if (const auto order = request.Query("order")) {
    if (*order != "asc" && *order != "desc") return BadField("order", "'order' must be asc or desc");
    page.oldest_first = *order == "asc";
  }
  page.after = std::string(request.Query("after").value_or(""));
  page.purpose = std::string(request.Query("purpose").value_or(""));
  return page;
}

json::Value ListJson(json::Array data, bool has_more) {
  json::Value body;
  body.Set("object", "list");
  body.Set("first_id", data.empty() ? json::Value() : *data.front().Find("id"));
  body.Set("last_id", data.empty() ? json::Value() : *data.back().Find("id"));
  body.Set("has_more", has_more);
  body.Set("data", std::move(data));
  return body;
}

}  // namespace pano::api::batches
