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

BatchLoop::BatchLoop(encoder::Encoder& encoder, serving::BatchPolicy& policy, serving::Wakeup& wakeup,
                     JobQueue& queue, serving::Ledger& ledger, const engine::Observer& observer,
                     Clock& clock, int64_t floats_max)
    : encoder_(encoder),
      policy_(policy),
      wakeup_(wakeup),
      queue_(queue),
      ledger_(ledger),
      observer_(observer),
      clock_(clock),
      floats_max_(floats_max) {}

void BatchLoop::Publish(int64_t running, bool runnable, bool stepped) {
  stats_.running_rows = running;
  ledger_.Publish(stats_, runnable, stepped);
}

void BatchLoop::End(const JobPtr& job, const Status& failure) {
  ledger_.Leave(job->id());
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
    Publish(stats_.running_rows, /*runnable=*/true, /*stepped=*/false);
    End(job, status);
  }
}

BatchLoop::Next BatchLoop::Step() {
  const serving::Wakeup::Orders orders = wakeup_.Look();
  TimePoint now = clock_.Now();
  EndOver(now, orders.cancel_all, orders.stop);
  if (orders.stop) return {.stop = true};
  JobQueue::View view = queue_.Oldest();
  if (view.items.empty()) {
    // What entered meanwhile has woken the queue: the next look finds it.
    Publish(0, /*runnable=*/!ledger_.empty(), /*stepped=*/false);
    return {};
  }
  serving::BatchSnapshot snapshot{
      .waiting = view.items, .now = now, .draining = orders.draining};
  int64_t per_token = FloatsPerToken(encoder_.info(), view.outputs);
  if (per_token > 0) snapshot.capacity.tokens = std::max<int64_t>(1, floats_max_ / per_token);
  const serving::BatchDecision decision = serving::DecideWithin(policy_, snapshot);
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
  TimePoint began = clock_.Now();
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
    if (!slice.job->Begin(began)) continue;
    ledger_.Begin(slice.job->id());
    if (observer_.queue) observer_.queue(Seconds(began - slice.job->submitted()));
  }
  Publish(outcome.rows, /*runnable=*/true, /*stepped=*/false);
  Result<std::vector<encoder::Output>> outputs = encoder_.Encode(batch);
  outcome.computed = clock_.Now() - began;
  stats_.busy_seconds += Seconds(outcome.computed);
  ++stats_.steps;
  stats_.tokens.input += outcome.tokens;
  CountTokens(slices);
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

void BatchLoop::CountTokens(const std::vector<Slice>& slices) {
  for (const Slice& slice : slices) {
    if (slice.job->over()) continue;
    serving::TokenCounts tokens;
    for (size_t unit = slice.begin; unit < slice.end; ++unit) {
      tokens.input += slice.job->Unit(unit).tokens;
    }
    ledger_.AddTokens(slice.job->id(), tokens);
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
    if (!next.now) wakeup_.Wait(clock_, next.until);
  }
}

}  // namespace pano::batch
