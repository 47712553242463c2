#include "model/serving/core.h"

#include <utility>

namespace pano::serving {

Core::Core(Clock& clock, int64_t queue_max, const Observer& observer,
           std::unique_ptr<BatchPolicy> policy)
    : clock_(clock),
      observer_(observer),
      wakeup_(std::make_shared<Wakeup>()),
      ledger_(clock, queue_max),
      policy_(std::move(policy)) {}

Status Core::Enter(const std::string& id, const std::string& tenant,
                   std::optional<TimePoint> deadline, int64_t input_tokens) {
  Status status = ledger_.Enter(id, tenant, deadline, input_tokens);
  if (status.code() == StatusCode::kDeadline) observer_.Count(RejectionReason::kDeadline);
  if (status.code() == StatusCode::kExhausted) observer_.Count(RejectionReason::kQueueFull);
  if (status.code() == StatusCode::kUnavailable) observer_.Count(RejectionReason::kDraining);
  return status;
}

void Core::CountRejection(RejectionReason reason) {
  ledger_.CountRejection();
  observer_.Count(reason);
}

bool Core::Drain(Duration timeout) {
  ledger_.StartDraining();
  wakeup_->StartDraining();
  return ledger_.Drain(timeout, [this] { wakeup_->CancelAll(); });
}

void Core::Begin(const std::string& id, Duration waited) {
  ledger_.Begin(id);
  Observer::Observe(observer_.queue_seconds, Seconds(waited));
}

void Core::CountStep(const BatchOutcome& outcome) {
  ++stats_.steps;
  stats_.busy_seconds += Seconds(outcome.computed);
  Observer::Observe(observer_.step_seconds, Seconds(outcome.computed));
  Observer::Observe(observer_.step_tokens, static_cast<double>(outcome.tokens));
  Observer::Observe(observer_.step_rows, static_cast<double>(outcome.rows));
  policy_->Learn(outcome);
}

void Core::CountEnd(EndReason reason) {
  ++stats_.cancellations;
  observer_.Count(reason);
}

}  // namespace pano::serving
