#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/inference/datatype.h"
#include "app/inference/shape.h"
#include "app/models/model_version.h"

namespace pano::inference {

// One tensor that a model takes or gives. A value.
struct TensorSpec {
  std::string name;
  Datatype datatype;
  Shape shape;  // -1: any size
};

// All of them: what metadata say, and what requests are checked against. A value.
struct Signature {
  std::vector<TensorSpec> inputs;   // not all are needed: a text or its ids
  std::vector<TensorSpec> outputs;

  const TensorSpec* FindInput(std::string_view name) const;
  const TensorSpec* FindOutput(std::string_view name) const;
};

// Models that generate: `text` to `text`. Others: `input_ids`, `attention_mask`, `token_type_ids`, `text`
// where there is a tokenizer, `decoder_input_ids`, `pixel_values`; their outputs by their own names.
Signature SignatureOf(const models::ModelVersion& version);

}  // namespace pano::inference
