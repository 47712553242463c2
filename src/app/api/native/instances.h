#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "app/models/predictor.h"
#include "base/json.h"
#include "base/status.h"
#include "model/nn/encoder/encoder.h"

namespace pano::api::native {

// The instances of a request as an encoder's inputs. A value.
struct Instances {
  // The rows of `inputs` that one instance stands for: an index into its texts, one into its images.
  struct Rows {
    std::optional<size_t> text, image;
  };
  std::vector<Rows> rows;        // one an instance
  encoder::EncoderBatch inputs;  // its outputs are empty
  int64_t tokens = 0;            // in all texts
};

// Reads and checks them (at most kRowTokensMax tokens): texts, {"text", "pair"}, {"input_ids" (or
// "ids"), "attention_mask", "token_type_ids"}, each with "decoder_input_ids" where the model has a
// decoder, {"pixel_values"}, and a text with an image where the model takes both. Whatever else
// stands in one is refused by name.
Status ReadInstances(const models::Predictor& version, const json::Array& items, bool truncate,
                     Instances& instances);

}  // namespace pano::api::native
