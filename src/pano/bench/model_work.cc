#include "pano/bench/model_work.h"

#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::bench {
namespace {

double Share(double done, double limit) { return limit > 0 ? done / limit : 0; }

}  // namespace

Result<ModelWork> WorkOf(const std::vector<ModelTensor>& tensors, const format::Weights& weights) {
  using Part = ModelTensor::Part;
  ModelWork work;
  for (const ModelTensor& tensor : tensors) {
    const tensor::TensorView* view = weights.Find(tensor.name);
    if (!view) return Corruption(StrCat("tensor '", Printable(tensor.name), "' is missing"));
    PANO_ASSIGN_OR_RETURN(const int64_t count, tensor::ElementCount(tensor.shape));
    const auto elements = static_cast<double>(count), bytes = static_cast<double>(view->bytes);
    work.parameters += count;
    work.weight_bytes += bytes;
    if (tensor.part == Part::kTable) {
      work.weight_bytes_per_token += bytes / static_cast<double>(tensor.shape.front());
      continue;
    }
    work.weight_bytes_per_token += bytes * tensor.used_share;
    if (tensor.part == Part::kMatrix) {
      work.matrix_ops_per_token += 2 * elements * tensor.used_share;
    }
  }
  return work;
}

Result<ModelWork> WorkOf(const format::ModelFiles& files) {
  PANO_ASSIGN_OR_RETURN(const std::vector<ModelTensor> tensors, ListTensors(files));
  return WorkOf(tensors, *files.weights).Wrap(files.path);
}

double Int8PeakShare(const ModelWork& work, double tokens_per_second,
                     const kernels::MachineLimits& limits) {
  return Share(work.matrix_ops_per_token * tokens_per_second, limits.int8_op_per_second);
}
double F32PeakShare(const ModelWork& work, double tokens_per_second,
                    const kernels::MachineLimits& limits) {
  return Share(work.matrix_ops_per_token * tokens_per_second, limits.f32_flop_per_second);
}
double TileInt8PeakShare(const ModelWork& work, double tokens_per_second,
                         const kernels::MachineLimits& limits) {
  return Share(work.matrix_ops_per_token * tokens_per_second, limits.tile_int8_op_per_second);
}
double TileBF16PeakShare(const ModelWork& work, double tokens_per_second,
                         const kernels::MachineLimits& limits) {
  return Share(work.matrix_ops_per_token * tokens_per_second, limits.tile_bf16_flop_per_second);
}
double BandwidthShare(const ModelWork& work, double tokens_per_second,
                      const kernels::MachineLimits& limits) {
  return Share(work.weight_bytes_per_token * tokens_per_second, limits.read_bytes_per_second);
}

}  // namespace pano::bench
