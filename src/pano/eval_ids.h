#pragma once

#include <string>

#include "base/status.h"
#include "pano/local_model.h"

namespace pano::cli {

// `ids`: a JSON file [[id, ...], ...] with rows of one length; writes tensor "logits"
// [rows, length, vocabulary] F32 to the safetensors file `logits`.
Status EvalIds(const LocalModel& local, const std::string& ids, const std::string& logits);

}  // namespace pano::cli
