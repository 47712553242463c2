#include "app/api/streaming/resumable.h"

#include <algorithm>
#include <utility>

#include "app/streams/stream_owner.h"
#include "app/streams/stream_store.h"

namespace pano::api {

Failure StreamRefused(Status status, const Context& context) {
  constexpr int kGone = 410;
  if (status.reason() == "stream_events_dropped") return {std::move(status), kGone};
  Failure failure(std::move(status));
  // Memory comes back as logs reach the end of their time.
  const double retention = Seconds(context.streams.options().retention);
  failure.retry_after_seconds = std::max<int64_t>(1, static_cast<int64_t>(retention / 4));
  return failure;
}

Failure OpenResumable(Context& context, Call& call, const Parameters& parameters,
                      Generation::Place& place) {
  if (!parameters.stream || !parameters.resumable) return {};
  Result<std::shared_ptr<streams::StreamLog>> log =
      context.streams.Create(streams::OwnerOf(call.principal), call.request().id, call.principal.tenant);
  if (!log.ok()) return StreamRefused(log.error(), context);
  call.stream_log = *std::move(log);
  // Events are little to write, so that streams do not wait for large requests that are read.
  if (!place.strand) place.strand = std::make_shared<Strand>(context.work, Strand::kSmall);
  return {};
}

}  // namespace pano::api
