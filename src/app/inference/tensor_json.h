#pragma once

#include <cstdint>
#include <string>

#include "app/inference/tensor.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::inference {

// The elements of a tensor whose datatype and shape are known, from a JSON list: flat, or lists inside
// lists as the shape has them. InvalidArgument for another number of elements, another nesting, an
// element of another type or out of its range; FP16 and BF16 have no JSON form.
Status ReadJson(const json::Value& data, Tensor& tensor);

// The elements as one flat list. What is no number in JSON (NaN, infinities) is null; bytes that are no
// UTF-8 become U+FFFD.
void AppendJson(const Tensor& tensor, std::string& out);
// Lists inside lists, as the shape has them.
void AppendNestedJson(const Tensor& tensor, std::string& out);
// One row of that: what has index `row` of the outermost size. REQUIRES: it is below that.
void AppendRowJson(const Tensor& tensor, int64_t row, std::string& out);

}  // namespace pano::inference
