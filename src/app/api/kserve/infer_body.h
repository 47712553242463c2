#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "app/api/body_format.h"
#include "app/inference/infer_request.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api::kserve {

// How a request wants its outputs: as binary data, or in the JSON. A value.
struct OutputForms {
  bool binary_default = false;                  // of those that say nothing
  std::vector<std::pair<std::string, bool>> binary;  // by name, of those that say
  bool IsBinary(std::string_view name) const;
};

// An infer request as it came. A value.
struct InferBody {
  inference::InferRequest request;
  OutputForms forms;
};

// A request's JSON and, with the binary tensor extension, the raw tensors behind it. InvalidArgument names
// the input that is wrong; `body` is the JSON. What it costs is bounded by the bytes that came: sizes that
// they only claim are refused before memory is spent on them.
Status ReadInferBody(std::string_view bytes, std::optional<size_t> json_bytes, const json::ParseOptions& options,
                     json::Value& body, InferBody& infer);

// The same as the format of a route's body: the InferBody is in the call's `parsed`, as a shared_ptr.
extern const BodyFormat kInferBody;

}  // namespace pano::api::kserve
