#pragma once

#include <functional>
#include <string_view>

#include "app/api/call.h"
#include "app/api/context.h"
#include "app/inference/infer_request.h"
#include "app/inference/infer_response.h"
#include "app/inference/signature.h"
#include "base/status.h"

namespace pano::inference {

// Whether the inputs are ones of the signature, each once, with its datatype and the sizes that it fixes.
Status CheckInputs(const Signature& signature, const std::vector<Tensor>& inputs);

// Asks the version that the call names, of whichever kind; `respond` gets the answer on a thread of the
// pool. Failures are answered. One scheduler, quotas and limits for every protocol.
void StartInference(api::Context& context, api::CallPtr call, InferRequest request,
                    std::function<void(api::Call&, InferResponse)> respond);

// What is wrong with a tensor, in words that name it: `kind` is "input" or "output".
Status AtTensor(std::string_view kind, std::string_view name, const Status& status);

}  // namespace pano::inference
