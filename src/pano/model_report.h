#pragma once

#include <cstdint>
#include <string>

#include "base/fwd.h"
#include "base/result.h"
#include "model/format/fwd.h"

namespace pano::cli {

struct ReportOptions {
  int64_t context = 0;  // that memory is stated for; 0: the model's
  int64_t batch = 1;
  std::string kv_type = "auto";  // f32, f16, int8 or auto
  bool tensors = false;          // list each one
};

// A description of a model: architecture, sizes, positions, tokenizer, parameters by part,
// bytes by type, memory for a context and batch. An architecture that cannot run is described all
// the same.
json::Value DescribeModel(const format::ModelFiles& files, const ReportOptions& options);

// What differs between two models: report fields, tensors that only one has, shapes, types, values.
json::Value CompareModels(const format::ModelFiles& a, const format::ModelFiles& b,
                          const ReportOptions& options);

}  // namespace pano::cli
