#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/format/tensor_stream.h"
#include "model/tensor/tensor.h"

namespace pano::convert {

// A matrix as it stands in a file: every dimension but the last counts rows.
struct RowSource {
  std::string name;  // for messages
  tensor::TensorView view;
  int64_t row_length = 0;   // 1 for a vector whose elements move one by one
  bool transposed = false;  // stored [row_length, rows]
  int64_t rows() const { return row_length > 0 ? view.elements() / row_length : 0; }
};

struct RowPlace {
  size_t source = 0;
  int64_t row = 0;
};

// A tensor to be written, made of rows of other tensors: what fusing, splitting, stacking, turning
// and reordering of matrices come to.
struct RowTensor {
  std::string name;
  tensor::Shape shape;
  tensor::DType dtype = tensor::DType::kF32;
  std::vector<RowSource> sources;  // all with the same row length
  std::function<RowPlace(int64_t row)> place;
  float offset = 0;  // added to every element
  bool matrix =
      true;  // multiplied with; else a vector, a norm, a small table: these stay in floats
};

// Checks that the rows fit together and that the types can be read and written.
Status CheckRows(const RowTensor& tensor);

// The bytes of the tensor, made row by row while they are written: rows of the same type are
// copied, others decoded and encoded. Corruption, naming the tensor, for a value that the type
// cannot hold. REQUIRES: CheckRows passed; the sources' memory outlives the writing.
format::TensorStream StreamOf(RowTensor tensor);

}  // namespace pano::convert
