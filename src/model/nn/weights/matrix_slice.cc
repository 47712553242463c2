#include "model/nn/weights/matrix_slice.h"

#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/strings.h"
#include "model/tensor/packed.h"

namespace pano::nn {
namespace {

// Runs of bytes that the columns of a matrix are stored in: a row, or a packed panel of rows.
struct Runs {
  size_t count = 0;
  size_t head = 0;   // bytes in front of each run's columns
  size_t bytes = 0;  // of a run
};

Runs RunsOf(const tensor::TensorView& matrix) {
  const auto rows = static_cast<size_t>(matrix.shape[0]);
  if (!tensor::IsPacked(matrix.dtype)) return {rows, 0, matrix.bytes / rows};
  const size_t panels = (rows + tensor::kPanelRows - 1) / tensor::kPanelRows;
  return {panels, static_cast<size_t>(tensor::PanelHeaderBytes(matrix.dtype)),
          matrix.bytes / panels};
}

Status CannotCut(const tensor::TensorView& matrix, const char* what, int64_t begin, int64_t count) {
  return Unimplemented(StrCat("a matrix of type ", tensor::Describe(matrix.dtype).name,
                              " and shape ", tensor::ShapeText(matrix.shape),
                              " cannot be cut to its ", what, " [", begin, ", ", begin + count,
                              ")"));
}

}  // namespace

Result<tensor::TensorView> SliceRows(const tensor::TensorView& matrix, int64_t begin,
                                     int64_t count) {
  PANO_CHECK(begin >= 0 && count > 0 && begin + count <= matrix.shape[0]);
  const bool packed = tensor::IsPacked(matrix.dtype);
  if (packed && (begin % tensor::kPanelRows != 0 || count % tensor::kPanelRows != 0)) {
    return CannotCut(matrix, "rows", begin, count);
  }
  const Runs runs = RunsOf(matrix);
  const int64_t unit = packed ? tensor::kPanelRows : 1;
  return tensor::TensorView{matrix.dtype,
                            {count, matrix.shape[1]},
                            matrix.data + static_cast<size_t>(begin / unit) * runs.bytes,
                            static_cast<size_t>(count / unit) * runs.bytes};
}

Result<tensor::TensorView> SliceColumns(const tensor::TensorView& matrix, int64_t begin,
                                        int64_t count, OwnedMatrices& owned) {
  PANO_CHECK(begin >= 0 && count > 0 && begin + count <= matrix.shape[1]);
  const auto block = static_cast<int64_t>(tensor::Describe(matrix.dtype).block_elements);
  if (begin % block != 0 || count % block != 0) return CannotCut(matrix, "columns", begin, count);
  const Runs runs = RunsOf(matrix);
  const auto blocks = static_cast<size_t>(matrix.shape[1] / block);
  const size_t each = (runs.bytes - runs.head) / blocks;  // bytes of one block of columns
  const size_t from = runs.head + static_cast<size_t>(begin / block) * each;
  const size_t bytes = static_cast<size_t>(count / block) * each, run = runs.head + bytes;
  constexpr size_t kAlign = tensor::kPackedAlignment;
  auto* data = static_cast<std::byte*>(
      std::aligned_alloc(kAlign, (runs.count * run + kAlign - 1) / kAlign * kAlign));
  if (!data) {
    return Status(StatusCode::kExhausted,
                  StrCat("[nn] no memory for ", runs.count * run, " bytes of weights"));
  }
  owned.emplace_back(data);
  for (size_t i = 0; i < runs.count; ++i) {
    std::memcpy(data + i * run, matrix.data + i * runs.bytes, runs.head);
    std::memcpy(data + i * run + runs.head, matrix.data + i * runs.bytes + from, bytes);
  }
  return tensor::TensorView{matrix.dtype, {matrix.shape[0], count}, data, runs.count * run};
}

}  // namespace pano::nn
