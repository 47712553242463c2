#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/nn/encoder/encoder.h"

namespace pano::batch {

// Inputs that are answered together. Rows of one request may be computed in several batches, beside
// rows of others; which makes no difference to their results.
struct PredictRequest {
  std::string id = {};      // unique among those that are not done; "" = made by the predictor
  std::string tenant = {};  // who is charged
  double weight = 1;        // its share while tenants compete
  encoder::EncoderBatch inputs = {};
  // One list a text: the positions whose per-token outputs are kept, ascending. Empty: all of all
  // texts.
  std::vector<std::vector<int32_t>> positions = {};
  std::optional<TimePoint> deadline = {};
  int64_t priority = 0;  // a level of Batching, 1 the most urgent; 0: the model's default
  // How long it may wait for its first batch, where the queue's policy lets requests say so.
  std::optional<Duration> queue_timeout = {};
};

struct RequestLimits {
  int64_t length_max = 0;                 // ids a row may have; 0: the model's own limit
  int64_t row_floats_max = 1ll << 28;     // of one row's outputs while it is computed
  int64_t answer_floats_max = 1ll << 22;  // of a request's kept outputs
};

// Whether the model takes this row; InvalidArgument says why not. Too long has the reason
// serving::kContextLengthExceeded.
Status CheckText(const encoder::TextInput& input, int64_t length_max, const encoder::TextRow& row);
Status CheckImage(const encoder::ImageInput& input, const std::vector<float>& pixels);

// Whether the model takes the request: its inputs, the outputs it wants (the field "outputs" of the
// failure), their size.
Status CheckRequest(const encoder::EncoderInfo& info, const RequestLimits& limits,
                    const PredictRequest& request);

// Rows that look at each other, so that they go into one batch: texts and images.
bool GoTogether(const PredictRequest& request);

// Floats that one id of a text adds to the outputs that `wanted` names (empty: all).
int64_t FloatsPerToken(const encoder::EncoderInfo& info, const std::vector<std::string>& wanted);

}  // namespace pano::batch
