#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "pano/type_choice/choose_type.h"

namespace pano::type_choice {

struct MeasureRequest {
  std::string model;               // a folder or a .gguf
  std::string scratch;             // an empty folder of the caller's, which removes it
  std::vector<std::string> types = {};  // that quant::TypeByName knows
  std::string text = {};           // what errors are measured on; empty: the built-in text
  Work work = {};
  // Told what share is done and what is measured next.
  std::function<void(double share, std::string_view next)> progress = {};
};

struct Measurements {
  std::string model;                  // what to quantise: the source, or its floats in `scratch`
  Candidate source;                   // as it is; `type` names its matrices' types
  std::vector<Candidate> candidates;  // as in the request
  int64_t text_tokens = 0;            // scored
  int64_t prompt_tokens = 0;          // of the prefill that was timed
  int64_t rounds = 0;                 // candidates in turn; rates are medians over them
};

// Writes the model in each type beside each other into `scratch`, compares each with the source in
// f32 over the text, and times them in turn: a prefill and some tokens of one sequence, at least one
// round, more while they take less than a minute together. Types that the model cannot be written in
// are in the answer with the reason. Unimplemented for encoders, InvalidArgument without a tokenizer or
// with a text of too few tokens; of a longer text the first `kTextTokensMax` tokens count.
inline constexpr size_t kTextTokensMin = 64, kTextTokensMax = 4096;
Result<Measurements> MeasureTypes(const MeasureRequest& request, ComputePool& pool);

}  // namespace pano::type_choice
