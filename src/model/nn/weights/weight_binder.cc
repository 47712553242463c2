#include "model/nn/weights/weight_binder.h"

#include <cstring>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/tensor/packed.h"

namespace pano::nn {

WeightBinder::WeightBinder(const format::ModelFiles& files, std::string optional_prefix)
    : files_(files), optional_prefix_(std::move(optional_prefix)) {}

const format::Weights& WeightBinder::weights() const { return *files_.weights; }

void WeightBinder::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

std::string WeightBinder::Locate(const std::string& name) const {
  return LocateTensor(*files_.weights, name, optional_prefix_);
}

bool WeightBinder::Has(const std::string& name) const {
  return files_.weights->Find(Locate(name)) != nullptr;
}

tensor::TensorView WeightBinder::Take(const std::string& name, const tensor::Shape& shape) {
  if (!status_.ok()) return {};
  const std::string located = Locate(name);
  const tensor::TensorView* view = files_.weights->Find(located);
  if (!view) {
    Fail(Corruption(StrCat(files_.path, ": tensor ", name, " is missing")));
  } else if (view->shape != shape) {
    Fail(Corruption(StrCat(files_.path, ": tensor ", located, " has shape ",
                           tensor::ShapeText(view->shape), ", the configuration says ",
                           tensor::ShapeText(shape))));
  } else if (!ops::CanRead(view->dtype)) {
    Fail(Unimplemented(StrCat(files_.path, ": tensor ", located, " has type ",
                              tensor::Describe(view->dtype).name, ", which no kernel reads")));
  } else {
    used_.insert(located);
    return *view;
  }
  return {};
}

tensor::TensorView WeightBinder::Matrix(const std::string& name, int64_t rows, int64_t cols) {
  return Take(name + ".weight", {rows, cols});
}

tensor::TensorView WeightBinder::Reshaped(const std::string& name, const tensor::Shape& stored,
                                          int64_t rows, int64_t cols) {
  tensor::TensorView view = Take(name, stored);
  if (status_.ok()) view.shape = {rows, cols};
  return view;
}

std::vector<float> WeightBinder::Vector(const std::string& name, int64_t size) {
  const tensor::TensorView view = Take(name, {size});
  std::vector<float> out;
  if (!status_.ok()) return out;
  out.resize(static_cast<size_t>(size));
  ops::DequantizeRow(view, 0, out.data());
  return out;
}

std::byte* WeightBinder::Own(tensor::DType dtype, int64_t rows, int64_t cols,
                             tensor::TensorView& view) {
  auto bytes = tensor::ByteSize(dtype, {rows, cols});
  if (!bytes.ok()) {
    Fail(bytes.error());
    return nullptr;
  }
  const size_t room =
      (*bytes + tensor::kPackedAlignment) / tensor::kPackedAlignment * tensor::kPackedAlignment;
  auto* data = static_cast<std::byte*>(std::aligned_alloc(tensor::kPackedAlignment, room));
  if (!data) {
    Fail(Status(StatusCode::kExhausted, StrCat(files_.path, ": no memory for ", *bytes, " bytes")));
    return nullptr;
  }
  owned_.emplace_back(data);
  view = {dtype, {rows, cols}, data, *bytes};
  return data;
}

void WeightBinder::FailPanels(const Linear& linear) {
  Fail(Unimplemented(
      StrCat(files_.path, ": a matrix of type ", tensor::Describe(linear.weight.dtype).name,
             " and shape ", tensor::ShapeText(linear.weight.shape),
             " would have to be cut within a panel of ", tensor::kPanelRows, " rows")));
}

Linear WeightBinder::LinearMatrix(const std::string& name, int64_t out, int64_t in,
                                  bool transposed) {
  Linear linear;
  // Packed matrices always stand [out, in].
  auto packed = [&] {
    const tensor::TensorView* stored = files_.weights->Find(Locate(name + ".weight"));
    return stored && tensor::IsPacked(stored->dtype);
  };
  if (transposed && !packed()) {
    linear.weight = Matrix(name, in, out);
    if (status_.ok()) linear = TransposedCopy(linear);
  } else {
    linear.weight = Matrix(name, out, in);
  }
  return linear;
}

std::vector<Linear> WeightBinder::StackedLayers(const std::string& name, int64_t count, int64_t out,
                                                int64_t in) {
  tensor::TensorView stack = Take(name + ".weight", {count, out, in});
  std::vector<Linear> layers(static_cast<size_t>(count));
  if (!status_.ok()) return layers;
  const size_t each = stack.bytes / static_cast<size_t>(count);
  for (size_t i = 0; i < layers.size(); ++i) {
    layers[i].weight = {stack.dtype, {out, in}, stack.data + i * each, each};
  }
  return layers;
}

std::vector<float> WeightBinder::Rows(const std::string& name, int64_t rows, int64_t cols) {
  const tensor::TensorView view = Matrix(name, rows, cols);
  std::vector<float> out;
  if (!status_.ok()) return out;
  out.resize(static_cast<size_t>(rows * cols));
  for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
    ops::DequantizeRow(view, r, &out[r * static_cast<size_t>(cols)]);
  }
  return out;
}

std::vector<float> WeightBinder::NormWeight(const std::string& name, int64_t size, float offset) {
  const bool older = !Has(name + ".weight") && Has(name + ".gamma");
  std::vector<float> weight = Vector(name + (older ? ".gamma" : ".weight"), size);
  for (float& w : weight) w += offset;
  return weight;
}

std::vector<float> WeightBinder::NormBias(const std::string& name, int64_t size) {
  const bool older = !Has(name + ".weight") && Has(name + ".gamma");
  return Vector(name + (older ? ".beta" : ".bias"), size);
}

NormWeights WeightBinder::Norm(const std::string& name, int64_t size, bool bias, float offset) {
  NormWeights norm;
  norm.weight = NormWeight(name, size, offset);
  if (bias) norm.bias = NormBias(name, size);
  return norm;
}

Linear WeightBinder::RowSlice(const Linear& linear, int64_t begin, int64_t count) {
  Linear out;
  if (!linear.present()) return out;
  if (tensor::IsPacked(linear.weight.dtype) &&
      (begin % tensor::kPanelRows != 0 || count % tensor::kPanelRows != 0)) {
    FailPanels(linear);
    return out;
  }
  const size_t row = linear.weight.bytes / linear.out();
  out.weight = {linear.weight.dtype,
                {count, linear.weight.shape[1]},
                linear.weight.data + static_cast<size_t>(begin) * row,
                static_cast<size_t>(count) * row};
  if (!linear.bias.empty()) {
    out.bias.assign(linear.bias.begin() + begin, linear.bias.begin() + begin + count);
  }
  return out;
}

Linear WeightBinder::GatherRows(const Linear& linear, const std::vector<int64_t>& order) {
  Linear out;
  if (!linear.present()) return out;
  const auto rows = static_cast<int64_t>(order.size());
  const int64_t unit = tensor::IsPacked(linear.weight.dtype) ? tensor::kPanelRows : 1;
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t first = order[static_cast<size_t>(i / unit * unit)];
    if (rows % unit != 0 || first % unit != 0 ||
        order[static_cast<size_t>(i)] != first + i % unit) {
      FailPanels(linear);
      return out;
    }
  }
  std::byte* to = Own(linear.weight.dtype, rows, linear.weight.shape[1], out.weight);
  if (!status_.ok()) return {};
  const size_t bytes = linear.weight.bytes / linear.out() * static_cast<size_t>(unit);
  for (size_t i = 0; i < order.size(); i += static_cast<size_t>(unit)) {
    const auto from = static_cast<size_t>(order[i] / unit);
    std::memcpy(to + i / static_cast<size_t>(unit) * bytes, linear.weight.data + from * bytes,
                bytes);
  }
  if (!linear.bias.empty()) {
    for (int64_t row : order) out.bias.push_back(linear.bias[static_cast<size_t>(row)]);
  }
  return out;
}

Linear WeightBinder::TransposedCopy(const Linear& linear) {
  Linear out;
  if (!linear.present()) return out;
  const size_t rows = linear.out(), cols = linear.in();
  auto* to = reinterpret_cast<float*>(
      Own(tensor::DType::kF32, linear.weight.shape[1], linear.weight.shape[0], out.weight));
  if (!status_.ok()) return {};
  std::vector<float> row(cols);
  for (size_t r = 0; r < rows; ++r) {
    ops::DequantizeRow(linear.weight, r, row.data());
    for (size_t c = 0; c < cols; ++c) to[c * rows + r] = row[c];
  }
  return out;
}

std::vector<std::string> WeightBinder::Unused() const {
  std::vector<std::string> unused;
  for (const std::string& name : files_.weights->Names()) {
    if (!used_.contains(name)) unused.push_back(name);
  }
  return unused;
}

}  // namespace pano::nn
