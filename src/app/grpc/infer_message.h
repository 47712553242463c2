#pragma once

#include <string>
#include <string_view>

#include "app/inference/infer_request.h"
#include "app/inference/infer_response.h"
#include "base/status.h"

namespace pano::grpc {

// A ModelInferRequest as it came. A value.
struct InferMessage {
  std::string model_name, model_version;
  inference::InferRequest request;
};

// InvalidArgument names the input that is wrong. Elements come in raw_input_contents or in the typed lists,
// exactly as many as the shapes have.
Status ReadInferMessage(std::string_view bytes, InferMessage& infer);

// A ModelInferResponse; outputs in raw_output_contents.
std::string WriteInferMessage(const inference::InferResponse& response);
// The same in a ModelStreamInferResponse; `final` says whether it is the last one of its request.
std::string WriteStreamMessage(const inference::InferResponse& response, bool final);

}  // namespace pano::grpc
