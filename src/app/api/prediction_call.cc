#include "app/api/prediction_call.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "app/models/adapter_version.h"
#include "model/serving/fair_share.h"

namespace pano::api {
namespace {

// Memory that the inputs of a request take until they are answered.
size_t HeldBytes(const batch::PredictRequest& request) {
  size_t bytes = 4096;
  for (const encoder::TextRow& row : request.inputs.texts) {
    bytes += row.ids.size() * sizeof(row.ids[0]) + row.mask.size() * sizeof(row.mask[0]) +
             row.types.size() * sizeof(row.types[0]);
  }
  for (const auto& ids : request.inputs.decoder_ids) bytes += ids.size() * sizeof(ids[0]);
  for (const auto& image : request.inputs.images) bytes += image.size() * sizeof(image[0]);
  return bytes;
}

// A call that waits for its answer. Confined to the connection's thread; the predictor's only
// posts.
class PredictionCall : public std::enable_shared_from_this<PredictionCall> {
 public:
  PredictionCall(Context& context, CallPtr call, models::PredictorPtr version,
                 std::shared_ptr<batch::Prediction> prediction, ByteBudget::Lease lease,
                 std::function<void(Call&, batch::Predicted)> respond)
      : context_(context),
        lease_(std::move(lease)),
        call_(std::move(call)),
        version_(std::move(version)),
        prediction_(std::move(prediction)),
        respond_(std::move(respond)) {}

  void Start() {
    context_.generations.Add(shared_from_this());
    call_->exchange().Post([self = shared_from_this()] { self->Run(); });
  }

 private:
  void Run() {
    // The exchange keeps its callbacks, so they must not keep the call.
    call_->exchange().OnClosed([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->Abandon();
    });
    if (over_) return;
    prediction_->SetNotify([exchange = call_->exchange_ptr(), weak = weak_from_this()] {
      exchange->Post([weak] {
        if (auto self = weak.lock()) self->Answer();
      });
    });
  }

  void Answer() {
    std::optional<Result<batch::Predicted>> answer = prediction_->TryTake();
    if (over_ || !answer) return;
    if (Status broken = version_->CheckFaults(); !broken.ok()) *answer = broken;
    if (!answer->ok()) {
      call_->Fail(Refused(answer->error(), *version_));
      return End();
    }
    over_ = true;
    auto predicted = std::make_shared<batch::Predicted>(std::move(*answer).value());
    call_->work.queue_seconds = predicted->queue_ms / 1e3;
    call_->work.compute_seconds = std::max(0.0, predicted->total_ms - predicted->queue_ms) / 1e3;
    size_t bytes = 0;
    for (const auto& output : predicted->outputs) {
      for (const auto& row : output.rows) bytes += row.size() * sizeof(row[0]);
    }
    // Many numbers are much to write; few are written before another thread were awake.
    constexpr size_t kBriefBytes = 4 << 10;
    auto respond = [self = shared_from_this(), predicted] {
      try {
        self->respond_(*self->call_, std::move(*predicted));
      } catch (const std::bad_alloc&) {
        *predicted = {};
        self->call_->Fail(OutOfMemory());
      }
      self->context_.generations.Remove(self);
    };
    if (bytes <= kBriefBytes) return respond();
    context_.work.SubmitAdmitted(bytes, std::move(respond));
  }

  // The client is gone.
  void Abandon() {
    if (over_) return;
    call_->Record(499);
    End();
  }

  void End() {
    over_ = true;
    prediction_->Cancel();
    context_.generations.Remove(shared_from_this());
  }

  Context& context_;
  const ByteBudget::Lease lease_;
  const CallPtr call_;
  const models::PredictorPtr version_;
  const std::shared_ptr<batch::Prediction> prediction_;
  const std::function<void(Call&, batch::Predicted)> respond_;
  bool over_ = false;
};

}  // namespace

void SetUrgency(const Parameters& parameters, TimePoint now, batch::PredictRequest& request) {
  using std::chrono::milliseconds;
  if (parameters.timeout_ms) request.deadline = now + milliseconds(*parameters.timeout_ms);
  if (parameters.queue_timeout_ms) request.queue_timeout = milliseconds(*parameters.queue_timeout_ms);
  request.priority = parameters.priority;
}

void StartPrediction(Context& context, CallPtr call, models::PredictorPtr version,
                     batch::PredictRequest request,
                     std::function<void(Call&, batch::Predicted)> respond) {
  call->work.inputs = static_cast<int64_t>(
      std::max(request.inputs.texts.size(), request.inputs.images.size()));
  for (const encoder::TextRow& row : request.inputs.texts) {
    call->tokens.prompt += static_cast<int64_t>(row.ids.size());
  }
  std::optional<ByteBudget::Lease> lease = context.held.Take(HeldBytes(request));
  if (!lease) return call->Fail(Refused(TooMuchHeld(context.held), *version));
  if (version->adapter) {
    const models::PredictorPtr base = version->base.lock();
    if (!base) return call->Fail(models::BaseIsGone(*version));
    base->CountUse();
    for (encoder::TextRow& row : request.inputs.texts) row.adapter = version->adapter;
    // The base stays while the request runs.
    respond = [base, respond = std::move(respond)](Call& done, batch::Predicted predicted) {
      respond(done, std::move(predicted));
    };
  }
  request.tenant = call->principal.tenant;
  request.weight = call->quota.Weight(request.tenant);
  if (call->background) {
    request.tenant = BackgroundTenant(request.tenant);
    request.weight = serving::FairShare::kWeightMin;
  }
  if (call->deadline) {
    request.deadline = std::min(request.deadline.value_or(TimePoint::max()), *call->deadline);
  }
  Failure refused = call->quota.Take(call->principal, version->id, version->label,
                                     {.prompt_tokens = call->tokens.prompt}, call->headers);
  if (!refused.ok()) return call->Fail(refused);
  Result<std::shared_ptr<batch::Prediction>> prediction =
      version->predictor->Submit(std::move(request));
  if (!prediction.ok()) {
    call->quota.Cancel();
    return call->Fail(Refused(prediction.error(), *version));
  }
  std::make_shared<PredictionCall>(context, std::move(call), std::move(version),
                                   std::move(prediction).value(), *std::move(lease),
                                   std::move(respond))
      ->Start();
}

}  // namespace pano::api
