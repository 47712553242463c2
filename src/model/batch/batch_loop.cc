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

}  // namespace

BatchLoop::BatchLoop(encoder::Encoder& encoder, BatchPolicy& policy, JobQueue& queue,
                     engine::Ledger& ledger, const engine::Observer& observer, const Clock& clock,
                     int64_t floats_max)
    : encoder_(encoder),
      policy_(policy),
      queue_(queue),
      ledger_(ledger),
      observer_(observer),
      clock_(clock),
      floats_max_(floats_max) {}

void BatchLoop::Publish(int64_t running, bool runnable, bool stepped) {
  stats_.running_sequences = running;
  ledger_.Publish(stats_, runnable, stepped);
}

void BatchLoop::End(const JobPtr& job, const Status& failure) {
  ledger_.Leave(job->id(), /*waited=*/!job->begun(), busy_seconds_);
  job->Finish(clock_.Now(), failure);
}

void BatchLoop::EndOver(TimePoint now, bool all, bool shutdown) {
  for (const JobPtr& job : queue_.TakeOver(now, all || shutdown)) {
    if (job->over()) continue;  // its failure was reported
    ++stats_.cancellations;
    const char* reason = "shutdown";
    Status status(StatusCode::kUnavailable, "the server is shutting down");
    if (job->prediction()->cancelled()) {
      reason = "client";
      status = Status(StatusCode::kCancelled, "cancelled");
    } else if (job->deadline() && *job->deadline() <= now) {
      reason = "deadline";
      status = Status(StatusCode::kDeadline, "the deadline passed before the answer was there");
    }
    if (observer_.cancelled) observer_.cancelled(reason);
    // Before the request leaves: whoever sees its end sees it counted.
    Publish(stats_.running_sequences, /*runnable=*/true, /*stepped=*/false);
    End(job, status);
  }
}

BatchLoop::Next BatchLoop::Step() {
  JobQueue::Signals signals = queue_.Look();
  TimePoint now = clock_.Now();
  EndOver(now, signals.cancel_all, signals.stop);
  if (signals.stop) return {.stop = true};
  JobQueue::View view = queue_.Oldest();
  if (view.items.empty()) {
    // What entered meanwhile has woken the queue: the next look finds it.
    Publish(0, /*runnable=*/!ledger_.empty(), /*stepped=*/false);
    return {};
  }
  BatchSnapshot snapshot{view.items, 0, now, signals.draining};
  int64_t per_token = FloatsPerToken(encoder_.info(), view.outputs);
  if (per_token > 0) snapshot.tokens_max = std::max<int64_t>(1, floats_max_ / per_token);
  BatchDecision decision = policy_.Decide(snapshot);
  if (decision.take == 0) {
    TimePoint until = now + decision.wait;
    if (std::optional<TimePoint> deadline = queue_.NextDeadline()) {
      until = std::min(until, *deadline);
    }
    return {.until = until};
  }
  TimePoint oldest = view.items.front().arrived;
  Compute(queue_.TakeFirst(std::min(decision.take, view.items.size())), oldest);
  return {.now = true};
}

void BatchLoop::Compute(const std::vector<Slice>& slices, TimePoint oldest) {
  TimePoint began = clock_.Now();
  encoder::EncoderBatch batch;
  BatchOutcome outcome;
  outcome.oldest_waited = began - oldest;
  for (const Slice& slice : slices) {
    for (size_t unit = slice.begin; unit < slice.end; ++unit) {
      WaitingItem item = slice.job->Unit(unit);
      outcome.rows += item.rows;
      outcome.tokens += item.tokens;
      slice.job->MoveInputs(unit, batch);
    }
    if (!slice.job->Begin(began)) continue;
    ledger_.LeaveQueue();
    if (observer_.queue) observer_.queue(Seconds(began - slice.job->submitted()));
  }
  Publish(outcome.rows, /*runnable=*/true, /*stepped=*/false);
  Result<std::vector<encoder::Output>> outputs = encoder_.Encode(batch);
  outcome.computed = clock_.Now() - began;
  busy_seconds_ += Seconds(outcome.computed);
  ++stats_.steps;
  stats_.prompt_tokens += outcome.tokens;
  if (observer_.step) observer_.step(Seconds(outcome.computed), outcome.tokens, outcome.rows);
  policy_.Learn(outcome);
  // Before the answers go out: whoever has one sees the figures that led to it.
  Publish(0, /*runnable=*/true, /*stepped=*/true);
  if (outputs.ok()) {
    Deliver(slices, std::move(outputs).value());
  } else if (slices.size() == 1 && slices[0].end - slices[0].begin == 1) {
    if (!slices[0].job->over()) End(slices[0].job, outputs.error());
  } else {
    ComputeAlone(slices, std::move(batch));
  }
  Publish(0, /*runnable=*/!ledger_.empty(), /*stepped=*/false);
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
    if (!next.now) queue_.Wait(clock_, next.until);
  }
}

}  // namespace pano::batch
