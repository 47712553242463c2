#include "model/batch/batch_loop.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace pano::batch {
namespace {

// One row of a batch, moved out of it.
encoder::EncoderBatch OneRow(encoder::EncoderBatch& batch, size_t row) {
  encoder::EncoderBatch one;
  one.outputs = batch.outputs;
  if (!batch.texts.empty()) one.texts.push_back(std::move(batch.texts[row]));
  if (!batch.images.empty()) one.images.push_back(std::move(batch.images[row]));
  if (!batch.decoder_ids.empty()) one.decoder_ids.push_back(std::move(batch.decoder_ids[row]));
  return one;
}

// What a request's caller is told when it ends early.
Status EndStatus(serving::EndReason reason) {
  switch (reason) {
    case serving::EndReason::kDeadline:
      return Status(StatusCode::kDeadline, "the deadline passed before the answer was there");
    case serving::EndReason::kShutdown:
      return Status(StatusCode::kUnavailable, "the server is shutting down");
    case serving::EndReason::kClient:
    case serving::EndReason::kSlowClient:
      break;
  }
  return Status(StatusCode::kCancelled, "cancelled");
}

// It was not begun, and may be sent again: a refusal, later than others.
Status QueueTimeout(Duration waited) {
  return Status(StatusCode::kExhausted,
                StrCat("the request waited ", static_cast<int64_t>(Milliseconds(waited)),
                       " ms for a batch, as long as it may"))
      .WithReason("queue_timeout");
}

}  // namespace

BatchLoop::BatchLoop(encoder::Encoder& encoder, serving::Core& core, JobQueue& queue,
                     int64_t floats_max)
    : encoder_(encoder), core_(core), queue_(queue), floats_max_(floats_max) {}

void BatchLoop::Publish(int64_t running, bool runnable, bool stepped) {
  core_.stats().running_rows = running;
  core_.Publish(runnable, stepped);
}

void BatchLoop::End(const JobPtr& job, const Status& failure) {
  core_.ledger().Leave(job->id());
  job->Finish(core_.clock().Now(), failure);
}

void BatchLoop::EndOver(TimePoint now, bool shutdown) {
  for (auto& [job, reason, queue_timeout] : queue_.TakeOver(now, shutdown)) {
    if (!reason) continue;  // its failure was reported
    core_.CountEnd(*reason);
    // Before the request leaves: whoever sees its end sees it counted.
    Publish(core_.stats().running_rows, /*runnable=*/true, /*stepped=*/false);
    End(job, queue_timeout ? QueueTimeout(now - job->submitted()) : EndStatus(*reason));
  }
}

BatchLoop::Next BatchLoop::Step() {
  const serving::Wakeup::Orders orders = core_.wakeup().Look();
  TimePoint now = core_.clock().Now();
  EndOver(now, orders.cancel_all || orders.stop);
  if (orders.stop) return {.stop = true};
  JobQueue::View view = queue_.Oldest();
  if (view.items.empty()) {
    // What entered meanwhile has woken the queue: the next look finds it.
    Publish(0, /*runnable=*/!core_.ledger().empty(), /*stepped=*/false);
    return {};
  }
  serving::BatchSnapshot snapshot{
      .waiting = view.items, .now = now, .draining = orders.draining};
  int64_t per_token = FloatsPerToken(encoder_.info(), view.outputs);
  if (per_token > 0) snapshot.capacity.tokens = std::max<int64_t>(1, floats_max_ / per_token);
  const serving::BatchDecision decision = serving::DecideWithin(core_.policy(), snapshot);
  if (decision.take == 0) {
    TimePoint until = now + decision.wait;
    if (std::optional<TimePoint> deadline = queue_.NextDeadline()) {
      until = std::min(until, *deadline);
    }
    return {.until = until};
  }
  TimePoint oldest = view.items.front().arrived;
  Compute(queue_.TakeFirst(decision.take), oldest);
  return {.now = true};
}

void BatchLoop::Compute(const std::vector<Slice>& slices, TimePoint oldest) {
  TimePoint began = core_.clock().Now();
  encoder::EncoderBatch batch;
  serving::BatchOutcome outcome;
  outcome.oldest_waited = began - oldest;
  for (const Slice& slice : slices) {
    for (size_t unit = slice.begin; unit < slice.end; ++unit) {
      const serving::WaitingItem item = slice.job->Unit(unit);
      outcome.rows += item.rows;
      outcome.tokens += item.tokens;
      slice.job->MoveInputs(unit, batch);
    }
    if (slice.job->Begin(began)) core_.Begin(slice.job->id(), began - slice.job->submitted());
  }
  Publish(outcome.rows, /*runnable=*/true, /*stepped=*/false);
  Result<std::vector<encoder::Output>> outputs = encoder_.Encode(batch);
  outcome.computed = core_.clock().Now() - began;
  core_.stats().tokens.input += outcome.tokens;
  core_.stats().cost.Observe(outcome.tokens, Seconds(outcome.computed));
  CountTokens(slices);
  core_.CountStep(outcome);
  // Before the answers go out: whoever has one sees the figures that led to it.
  Publish(0, /*runnable=*/true, /*stepped=*/true);
  if (outputs.ok()) {
    Deliver(slices, std::move(outputs).value());
  } else if (slices.size() == 1 && slices[0].end - slices[0].begin == 1) {
    if (!slices[0].job->over()) End(slices[0].job, outputs.error());
  } else {
    ComputeAlone(slices, std::move(batch));
  }
  Publish(0, /*runnable=*/!core_.ledger().empty(), /*stepped=*/false);
}

void BatchLoop::CountTokens(const std::vector<Slice>& slices) {
  for (const Slice& slice : slices) {
    if (slice.job->over()) continue;
    serving::TokenCounts tokens;
    for (size_t unit = slice.begin; unit < slice.end; ++unit) {
      tokens.input += slice.job->Unit(unit).tokens;
    }
    core_.ledger().AddTokens(slice.job->id(), tokens);
  }
}

void BatchLoop::Deliver(const std::vector<Slice>& slices, std::vector<encoder::Output> outputs) {
  size_t at = 0;
  for (const Slice& slice : slices) {
    for (size_t unit = slice.begin; unit < slice.end; ++unit, ++at) {
      if (slice.job->over()) continue;
      Status status = slice.job->TakeOutputs(unit, at, outputs);
      if (!status.ok()) {
        End(slice.job, status);
      } else if (slice.job->complete()) {
        End(slice.job, OkStatus());
      }
    }
  }
}

// The model refuses the batch: only those at fault shall hear of it.
void BatchLoop::ComputeAlone(const std::vector<Slice>& slices, encoder::EncoderBatch batch) {
  size_t at = 0;
  for (const Slice& slice : slices) {
    for (size_t unit = slice.begin; unit < slice.end; ++unit, ++at) {
      if (slice.job->over()) continue;
      Result<std::vector<encoder::Output>> outputs = encoder_.Encode(OneRow(batch, at));
      if (outputs.ok()) {
        Deliver({{slice.job, unit, unit + 1}}, std::move(outputs).value());
      } else {
        End(slice.job, outputs.error());
      }
    }
  }
}

void BatchLoop::Run() {
  while (true) {
    Next next = Step();
    if (next.stop) return;
    if (!next.now) core_.wakeup().Wait(core_.clock(), next.until);
  }
}

}  // namespace pano::batch
