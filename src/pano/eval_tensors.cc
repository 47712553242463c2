#include "pano/eval_tensors.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/kernels/matmul/matmul.h"

namespace pano::cli {
namespace {

using tensor::DType;
using tensor::TensorView;

// A tensor of whole numbers, [rows, columns].
struct IntTable {
  size_t columns = 0;
  std::vector<std::vector<int32_t>> rows;
};

template <typename T>
bool CopyRow(const TensorView& view, size_t row, std::vector<int32_t>& out) {
  const auto columns = static_cast<size_t>(view.shape[1]);
  const T* from = view.as<T>() + row * columns;
  for (size_t i = 0; i < columns; ++i) {
    if (!std::in_range<int32_t>(from[i])) return false;
    out.push_back(static_cast<int32_t>(from[i]));
  }
  return true;
}

bool CopyRow(const TensorView& view, size_t row, std::vector<int32_t>& out) {
  switch (view.dtype) {
    case DType::kI64:
      return CopyRow<int64_t>(view, row, out);
    case DType::kI32:
      return CopyRow<int32_t>(view, row, out);
    case DType::kU8:
    case DType::kBool:
      return CopyRow<uint8_t>(view, row, out);
    default:
      return false;
  }
}

// Empty where there is no such tensor. `like`: what its shape has to be, unless that is empty.
Result<IntTable> ReadInts(const format::Weights& file, const char* name, const IntTable& like) {
  IntTable table;
  const TensorView* view = file.Find(name);
  if (!view) return table;
  const std::string shape = StrCat(name, ": shape ", tensor::ShapeText(view->shape));
  if (view->shape.size() != 2 || view->shape[0] < 1 || view->shape[1] < 1) {
    return InvalidArgument(StrCat(shape, " is not [rows, ids] with at least one each"));
  }
  table.columns = static_cast<size_t>(view->shape[1]);
  const auto rows = static_cast<size_t>(view->shape[0]);
  if (!like.rows.empty() && (rows != like.rows.size() || table.columns != like.columns)) {
    return InvalidArgument(
        StrCat(shape, " is not that of input_ids, [", like.rows.size(), ", ", like.columns, "]"));
  }
  if (view->dtype != DType::kI64 && view->dtype != DType::kI32 && view->dtype != DType::kU8 &&
      view->dtype != DType::kBool) {
    return InvalidArgument(StrCat(name, ": type ", tensor::Describe(view->dtype).name,
                                  " is none of whole numbers (I64, I32)"));
  }
  for (size_t r = 0; r < rows; ++r) {
    if (!CopyRow(*view, r, table.rows.emplace_back())) {
      return InvalidArgument(StrCat(name, "[", r, "] has a value outside 32 bits"));
    }
  }
  return table;
}

Status ReadTexts(const format::Weights& file, encoder::EncoderBatch& batch) {
  PANO_ASSIGN_OR_RETURN(IntTable ids, ReadInts(file, "input_ids", {}));
  PANO_ASSIGN_OR_RETURN(IntTable masks, ReadInts(file, "attention_mask", ids));
  PANO_ASSIGN_OR_RETURN(IntTable types, ReadInts(file, "token_type_ids", ids));
  PANO_ASSIGN_OR_RETURN(IntTable decoder, ReadInts(file, "decoder_input_ids", {}));
  for (size_t i = 0; i < ids.rows.size(); ++i) {
    encoder::TextRow row{.ids = std::move(ids.rows[i])};
    if (!types.rows.empty()) row.types = std::move(types.rows[i]);
    if (!masks.rows.empty()) {
      for (int32_t value : masks.rows[i]) {
        if (value != 0 && value != 1) {
          return InvalidArgument(
              StrCat("attention_mask[", i, "] has the value ", value, ", not 0 or 1"));
        }
        row.mask.push_back(static_cast<uint8_t>(value));
      }
    }
    batch.texts.push_back(std::move(row));
  }
  batch.decoder_ids = std::move(decoder.rows);
  return {};
}

Status ReadImages(const format::Weights& file, encoder::EncoderBatch& batch) {
  const TensorView* view = file.Find("pixel_values");
  if (!view) return {};
  if (view->shape.size() != 4 ||
      std::ranges::any_of(view->shape, [](int64_t size) { return size < 1; })) {
    return InvalidArgument(StrCat("pixel_values: shape ", tensor::ShapeText(view->shape),
                                  " is not [images, channels, height, width]"));
  }
  if (view->dtype != DType::kF32 && view->dtype != DType::kF16 && view->dtype != DType::kBF16) {
    return InvalidArgument(StrCat("pixel_values: type ", tensor::Describe(view->dtype).name,
                                  " is none of F32, F16, BF16"));
  }
  TensorView rows = *view;
  rows.shape = {view->shape[0], view->shape[1] * view->shape[2] * view->shape[3]};
  for (size_t i = 0; i < static_cast<size_t>(rows.shape[0]); ++i) {
    auto& image = batch.images.emplace_back(static_cast<size_t>(rows.shape[1]));
    kernels::DequantiseRow(rows, i, image.data());
  }
  batch.image_shape = {
      .channels = view->shape[1], .height = view->shape[2], .width = view->shape[3]};
  return {};
}

}  // namespace

Result<encoder::EncoderBatch> ReadInputs(const std::string& path) {
  auto file = format::OpenSafetensors({path});
  if (!file.ok()) return file.error();
  encoder::EncoderBatch batch;
  PANO_RETURN_IF_ERROR(ReadTexts(**file, batch).Wrap(path));
  PANO_RETURN_IF_ERROR(ReadImages(**file, batch).Wrap(path));
  return batch;
}

Status WriteOutputs(const std::vector<encoder::Output>& outputs, const std::string& path) {
  std::vector<std::vector<float>> flat;
  std::vector<format::SafetensorsEntry> entries;
  for (const encoder::Output& output : outputs) {
    std::vector<float>& data = flat.emplace_back();
    for (const std::vector<float>& row : output.rows)
      data.insert(data.end(), row.begin(), row.end());
    const auto rows = static_cast<int64_t>(output.rows.size());
    tensor::Shape shape = {rows};
    if (output.per_token)
      shape.push_back(static_cast<int64_t>(output.rows[0].size()) / output.size);
    shape.push_back(output.size);
    format::SafetensorsEntry entry;
    entry.name = output.name;
    entry.view = {DType::kF32, std::move(shape), reinterpret_cast<const std::byte*>(data.data()),
                  data.size() * sizeof(float)};
    entries.push_back(std::move(entry));
  }
  return format::WriteSafetensors(path, entries);
}

}  // namespace pano::cli
