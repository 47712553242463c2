#include "app/api/kserve/infer.h"

#include <memory>
#include <utility>

#include "app/api/kserve/infer_answer.h"
#include "app/api/kserve/infer_body.h"
#include "app/inference/inference.h"

namespace pano::api::kserve {

void Infer(Context& context, CallPtr call) {
  const auto body = std::any_cast<std::shared_ptr<InferBody>>(call->parsed);
  inference::StartInference(context, std::move(call), std::move(body->request),
                            [forms = std::move(body->forms)](Call& answered, const inference::InferResponse& response) {
                              answered.Respond(WriteInferAnswer(response, forms));
                            });
}

}  // namespace pano::api::kserve
