#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/train/data/row_source.h"

namespace pano::train {

// data.format tokens: rows that are tokens already, in .jsonl files (an object a line) or
// .safetensors files (a tensor [rows, length] a key), one after another. Keys: input_ids, labels,
// position_ids, attention_mask, token_type_ids, completion_mask; for preference each with "chosen."
// and "rejected." in front, for embedding with "anchor.", "positive." and "negative." (or
// "negative_2.", ...); `heads` add NAME.labels. Labels are one a token, for sequence classification
// one a row. Unknown keys are refused.
Result<std::unique_ptr<RowSource>> OpenTokens(const std::vector<std::string>& paths, Task task,
                                              const std::vector<HeadRecipe>& heads,
                                              const RowLimits& limits, Env& env = Env::Real());

// One line of such a .jsonl file.
Result<Row> ParseTokensLine(std::string_view line, Task task, const std::vector<HeadRecipe>& heads,
                            const RowLimits& limits);

}  // namespace pano::train
