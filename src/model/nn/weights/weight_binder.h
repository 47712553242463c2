#pragma once

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/ops/weights.h"
#include "model/tensor/tensor.h"

namespace pano::nn {

using ops::Linear;
using ops::NormWeights;

// Matrices that had to be laid out anew; views look into them.
struct FreeMatrix {
  void operator()(std::byte* p) const { std::free(p); }
};
using OwnedMatrices = std::vector<std::unique_ptr<std::byte, FreeMatrix>>;

// Takes tensors out of the files and checks type and shape. The first failure stays in status() and
// later calls do nothing. Corruption names the tensor that is missing or has another shape,
// Unimplemented one whose type no kernel reads. Names are given without ".weight". Confined to one
// thread.
class WeightBinder {
 public:
  // Names are also looked for without `optional_prefix` or with it in front.
  WeightBinder(const format::ModelFiles& files, std::string optional_prefix);

  const format::Weights& weights() const;
  const std::string& optional_prefix() const { return optional_prefix_; }

  bool Has(const std::string& name) const;  // the whole name
  tensor::TensorView Matrix(const std::string& name, int64_t rows, int64_t cols);
  std::vector<float> Vector(const std::string& name, int64_t size);  // the whole name
  // A tensor of `stored` shape seen as a matrix; the whole name. REQUIRES: as many elements, and
  // rows that end where the stored ones do or hold several of them.
  tensor::TensorView Reshaped(const std::string& name, const tensor::Shape& stored, int64_t rows,
                              int64_t cols);
  // The matrix of a linear layer, [out, in]; `transposed`: it is stored [in, out], unless packed.
  Linear LinearMatrix(const std::string& name, int64_t out, int64_t in, bool transposed);
  // [count, out, in] as `count` layers.
  std::vector<Linear> StackedLayers(const std::string& name, int64_t count, int64_t out,
                                    int64_t in);
  // A whole matrix, widened.
  std::vector<float> Rows(const std::string& name, int64_t rows, int64_t cols);
  // A norm's weight plus `offset` and its bias; also by the older names ".gamma" and ".beta".
  std::vector<float> NormWeight(const std::string& name, int64_t size, float offset);
  std::vector<float> NormBias(const std::string& name, int64_t size);
  NormWeights Norm(const std::string& name, int64_t size, bool bias, float offset);

  // `count` rows of a layer from `begin` on, with their biases; no copy of the matrix. Packed
  // matrices can be cut between panels only: Unimplemented elsewhere.
  Linear RowSlice(const Linear& linear, int64_t begin, int64_t count);
  // The rows that `order` lists, in a matrix of their own. Of a packed matrix, whole panels only.
  Linear GatherRows(const Linear& linear, const std::vector<int64_t>& order);
  // Columns become rows, widened to F32.
  Linear TransposedCopy(const Linear& linear);

  void Fail(Status status);
  const Status& status() const { return status_; }
  // Tensors of the file that nobody asked for.
  std::vector<std::string> Unused() const;
  OwnedMatrices TakeOwned() { return std::move(owned_); }

 private:
  std::string Locate(const std::string& name) const;
  tensor::TensorView Take(const std::string& name, const tensor::Shape& shape);
  // A new matrix and where to write it.
  std::byte* Own(tensor::DType dtype, int64_t rows, int64_t cols, tensor::TensorView& view);
  void FailPanels(const Linear& linear);

  const format::ModelFiles& files_;
  const std::string optional_prefix_;
  std::set<std::string, std::less<>> used_;
  OwnedMatrices owned_;
  Status status_;
};

}  // namespace pano::nn
