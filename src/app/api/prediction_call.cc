#include "app/api/prediction_call.h"

#include <utility>

namespace pano::api {
namespace {

// A call that waits for its answer. Confined to the connection's thread; the predictor's only
// posts.
class PredictionCall : public std::enable_shared_from_this<PredictionCall> {
 public:
  PredictionCall(Generations& generations, CallPtr call, models::PredictorPtr version,
                 std::shared_ptr<batch::Prediction> prediction,
                 std::function<void(Call&, batch::Predicted)> respond)
      : generations_(generations),
        call_(std::move(call)),
        version_(std::move(version)),
        prediction_(std::move(prediction)),
        respond_(std::move(respond)) {}

  void Run() {
    generations_.Add(shared_from_this());
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

 private:
  void Answer() {
    std::optional<Result<batch::Predicted>> answer = prediction_->TryTake();
    if (over_ || !answer) return;
    if (answer->ok()) {
      respond_(*call_, std::move(*answer).value());
    } else {
      call_->Fail(Refused(answer->error(), *version_));
    }
    End();
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
    generations_.Remove(shared_from_this());
  }

  Generations& generations_;
  const CallPtr call_;
  const models::PredictorPtr version_;
  const std::shared_ptr<batch::Prediction> prediction_;
  const std::function<void(Call&, batch::Predicted)> respond_;
  bool over_ = false;
};

}  // namespace

void StartPrediction(Generations& generations, CallPtr call, models::PredictorPtr version,
                     batch::PredictRequest request,
                     std::function<void(Call&, batch::Predicted)> respond) {
  Result<std::shared_ptr<batch::Prediction>> prediction =
      version->predictor->Submit(std::move(request));
  if (!prediction.ok()) return call->Fail(Refused(prediction.error(), *version));
  std::make_shared<PredictionCall>(generations, std::move(call), std::move(version),
                                   std::move(prediction).value(), std::move(respond))
      ->Run();
}

}  // namespace pano::api
