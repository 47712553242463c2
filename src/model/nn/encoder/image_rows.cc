#include "model/nn/encoder/image_rows.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "base/threads.h"
#include "model/ops/ops.h"

namespace pano::encoder {
namespace {

size_t Size(int64_t n) { return static_cast<size_t>(n); }

// One patch as the row that the matrix multiplies: channel by channel, line by line.
void GatherPatch(const std::vector<float>& image, const PatchConfig& c, size_t number, float* to) {
  const size_t patch = Size(c.patch), width = Size(c.image.width), height = Size(c.image.height);
  const size_t across = width / patch;
  const size_t top = number / across * patch, left = number % across * patch;
  for (size_t channel = 0; channel < Size(c.image.channels); ++channel) {
    for (size_t y = 0; y < patch; ++y) {
      const float* from = &image[(channel * height + top + y) * width + left];
      to = std::copy_n(from, patch, to);
    }
  }
}

std::vector<float> Dequantize(const tensor::TensorView& view) {
  std::vector<float> out;
  if (!view.data) return out;
  const size_t rows = Size(view.shape[0]), cols = Size(view.shape[1]);
  out.resize(rows * cols);
  for (size_t r = 0; r < rows; ++r) ops::DequantizeRow(view, r, &out[r * cols]);
  return out;
}

}  // namespace

PatchWeights BindPatches(nn::WeightBinder& bind, const PatchConfig& c, int64_t hidden) {
  PatchWeights w;
  w.matrix.weight =
      bind.Reshaped(c.matrix + ".weight", {hidden, c.image.channels, c.patch, c.patch}, hidden,
                    c.image.channels * c.patch * c.patch);
  if (c.bias) w.matrix.bias = bind.Vector(c.matrix + ".bias", hidden);
  w.first = Dequantize(bind.Reshaped(c.first, c.first_shape, 1, hidden));
  w.positions = Dequantize(bind.Reshaped(c.positions, c.positions_shape, c.count() + 1, hidden));
  return w;
}

Status CheckImages(std::span<const std::vector<float>> images, const ImageInput& input) {
  const size_t pixels = Size(input.channels * input.height * input.width);
  for (size_t i = 0; i < images.size(); ++i) {
    if (images[i].size() != pixels) {
      return InvalidArgument(StrCat("pixel_values[", i, "] has ", images[i].size(),
                                    " values, the model takes [", input.channels, ", ",
                                    input.height, ", ", input.width, "]"));
    }
    for (float pixel : images[i]) {
      if (!std::isfinite(pixel)) {
        return InvalidArgument(
            StrCat("pixel_values[", i, "] has a value that is no finite number"));
      }
    }
  }
  return {};
}

Result<PackedRows> EmbedImages(std::span<const std::vector<float>> images,
                               const PatchConfig& config, const PatchWeights& weights,
                               Tower& tower, std::vector<float>& x) {
  const size_t hidden = tower.hidden(), patches = Size(config.count()), in = weights.matrix.in();
  std::vector<float> gathered(images.size() * patches * in),
      projected(images.size() * patches * hidden);
  constexpr size_t kGrain = 4;  // patches worth a thread
  tower.ops().pool().ParallelFor(
      images.size() * patches, kGrain, [&](size_t begin, size_t end, int) {
        for (size_t r = begin; r < end; ++r) {
          GatherPatch(images[r / patches], config, r % patches, &gathered[r * in]);
        }
      });
  const size_t total = images.size() * patches;
  PANO_RETURN_IF_ERROR(ops::LinearLayer(tower.ops(), weights.matrix,
                                        ops::Rows(gathered.data(), total, in),
                                        ops::Rows(projected.data(), total, hidden)));
  PackedRows rows;
  rows.counts.assign(images.size(), patches + 1);
  x.resize(images.size() * (patches + 1) * hidden);
  for (size_t i = 0; i < images.size(); ++i) {
    float* to = &x[i * (patches + 1) * hidden];
    std::ranges::copy(weights.first, to);
    std::copy_n(&projected[i * patches * hidden], patches * hidden, to + hidden);
    for (size_t d = 0; d < (patches + 1) * hidden; ++d) to[d] += weights.positions[d];
  }
  return rows;
}

}  // namespace pano::encoder
