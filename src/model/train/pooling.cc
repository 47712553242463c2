#include "model/train/pooling.h"
#include "model/train/ops/torch_ops.h"

#include <cmath>

namespace pano::train {
namespace {

// Row rows[b] of each text.
at::Tensor RowOfEach(const at::Tensor& hidden, const at::Tensor& rows) {
  const int64_t size = hidden.size(-1);
  return hidden.gather(1, rows.view({-1, 1, 1}).expand({-1, 1, size})).squeeze(1);
}

}  // namespace

at::Tensor Pool(encoder::Pooling pooling, const TextBatch& batch,
                const std::optional<int32_t>& end_token, const at::Tensor& hidden) {
  using encoder::Pooling;
  const at::Tensor keep =
      batch.keep.defined() ? batch.keep : at::ones_like(batch.ids, at::TensorOptions(at::kBool));
  switch (pooling) {
    case Pooling::kNone:
      return hidden;
    case Pooling::kFirst:
      return hidden.select(1, 0);
    case Pooling::kEnd:
      return RowOfEach(hidden, end_token ? batch.ids.eq(*end_token).to(at::kLong).argmax(-1)
                                         : batch.ids.argmax(-1));
    case Pooling::kLast:
      return RowOfEach(hidden,
                       (keep.to(at::kLong) * at::arange(keep.size(1), at::kLong)).argmax(-1));
    case Pooling::kMax:
      return hidden.masked_fill(keep.logical_not().unsqueeze(-1), -INFINITY).amax({1});
    case Pooling::kMean:
    case Pooling::kMeanSqrt:
      break;
  }
  const at::Tensor counted = keep.to(hidden.scalar_type());
  const at::Tensor sum = (hidden * counted.unsqueeze(-1)).sum({1});
  const at::Tensor count = counted.sum({1}, true);
  return sum / (pooling == Pooling::kMean ? count : count.sqrt());
}

}  // namespace pano::train
