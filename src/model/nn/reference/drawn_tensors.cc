#include "model/nn/reference/drawn_tensors.h"

#include <cmath>

#include "base/check.h"
#include "model/nn/testing/drawn_model.h"

namespace pano::reference {
namespace {

size_t Count(const tensor::Shape& shape) {
  size_t count = 1;
  for (int64_t size : shape) count *= static_cast<size_t>(size);
  return count;
}

}  // namespace

bool DrawnTensors::Has(const std::string& name) {
  return optional_.contains(name) || weights_->Find(name) != nullptr;
}

Vector DrawnTensors::Take(const std::string& name, const tensor::Shape& shape, Use use) {
  double centre = 0, spread = 1;
  switch (use) {
    case Use::kMatrix:  // a variance of 1 / inputs, so that rows keep their size
      spread = std::sqrt(3.0 / static_cast<double>(shape.back()));
      break;
    case Use::kEmbedding:
      break;
    case Use::kNorm:
      centre = norm_centre_;
      spread = 0.4;
      break;
    case Use::kBias:
      spread = 0.5;
      break;
    case Use::kDivisor:
      centre = 2.0;
      break;
  }
  if (!weights_->Find(name)) {
    weights_->Add(name, shape, nn::testing::DrawTensor(seed_, name, Count(shape), centre, spread));
  }
  return StoredTensors(*weights_).Take(name, shape, use);
}

Vector StoredTensors::Take(const std::string& name, const tensor::Shape& shape, Use) {
  const tensor::TensorView* view = weights_.Find(name);
  if (!view || view->shape != shape || view->dtype != tensor::DType::kF32) {
    internal::CheckFailed("a float32 tensor of this shape", name.c_str(), __FILE__, __LINE__);
  }
  const float* from = view->as<float>();
  return {from, from + Count(shape)};
}

Vector PerturbedTensors::Take(const std::string& name, const tensor::Shape& shape, Use use) {
  Vector values = source_.Take(name, shape, use);
  for (double& value : values) value *= 1.0 + (2.0 * random_.Uniform() - 1.0) * 0x1p-24;
  return values;
}

}  // namespace pano::reference
