#pragma once

#include <memory>

#include "base/json.h"
#include "base/result.h"
#include "model/train/data/text_rows.h"

namespace pano::train {

// What a line of one data format says, and the row that it becomes. Immutable, so thread-safe.
class LineFormat {
 public:
  virtual ~LineFormat() = default;
  // InvalidArgument for a line that this format has no use for. Tokenises nothing.
  virtual Status Check(const json::Value& line) const = 0;
  // REQUIRES: Check is ok.
  virtual Result<Row> Make(const json::Value& line) const = 0;
};

// {"text": .., "text_pair": .., "label": ..} for sequence classification, {"words": [..], "tags": [..]}
// for token classification; where the recipe has heads each has its member (a label, or tags).
// A label is a name or a number.
Result<std::unique_ptr<LineFormat>> LabelledFormat(const Recipe& recipe, const TextRowOptions& options);
// {"anchor": .., "positive": .., "negative": .. or "negatives": [..]}.
Result<std::unique_ptr<LineFormat>> PairsFormat(const Recipe& recipe, const TextRowOptions& options);
// {"prompt": .., "chosen": .., "rejected": ..}, texts or lists of messages; without a prompt it is the
// messages that both begin with. {"messages": .., "tools": ..} is a chat's.
Result<std::unique_ptr<LineFormat>> PreferenceFormat(const Recipe& recipe, const TextRowOptions& options);
Result<std::unique_ptr<LineFormat>> ChatFormat(const Recipe& recipe, const TextRowOptions& options);

}  // namespace pano::train
