#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "model/train/data/row.h"
#include "model/train/recipe/recipe.h"

namespace pano::train {

// What a model can take: rows beyond it are refused where they are read.
struct RowLimits {
  int64_t vocab_size = 0;
  int64_t length_max = 0;               // tokens of a sequence
  int64_t token_types = 0;              // types are below it; 0: none are taken
  int64_t label_count = 0;              // of classification; 0: labels are tokens
  std::vector<int64_t> head_labels = {};  // the same for each of Recipe::heads
};

// Rows by their number. Reading is a pure function of the number. Thread-compatible.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual int64_t size() const = 0;
  // REQUIRES: 0 <= index < size(). Failures name file and line or row.
  virtual Result<Row> Read(int64_t index) const = 0;
  // What identifies the data: the same text for the same rows.
  virtual std::string Version() const = 0;
};

// InvalidArgument that says what is wrong with a row, without its place.
Status CheckRow(const Row& row, Task task, const RowLimits& limits);

}  // namespace pano::train
