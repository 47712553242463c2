#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/tokenizer/fwd.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// Known answers of a model, for whoever serves it to compare with: for each prompt its ids (end
// token first), the logits after the last of them and 64 greedy tokens; for `text` the perplexity.
// All in float64 from the weights that are given.
Result<json::Value> KnownAnswers(const TransformerModule& module,
                                 const tokenizer::Tokenizer& tokenizer,
                                 const std::vector<std::string>& prompts, const std::string& text);

}  // namespace pano::train
