#include "model/adapter/merge/merged_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/threads.h"
#include "model/tensor/half.h"

namespace pano::adapter {
namespace {

using tensor::DType;
using tensor::TensorView;

constexpr size_t kChunkBytes = 4 << 20;

// Row `row` of a matrix, or all of a vector as its only row.
TensorView RowOf(const TensorView& view, int64_t row, int64_t length) {
  const size_t bytes = static_cast<size_t>(length) * tensor::Describe(view.dtype).block_bytes;
  return {view.dtype, {length}, view.data + static_cast<size_t>(row) * bytes, bytes};
}

// Rounds values to `dtype`; to 16 bits by way of float32, which is how torch converts, so that the
// bits are those of PEFT in float64. Returns the first finite value that becomes infinite.
std::optional<double> Round(const std::vector<double>& values, DType dtype, std::byte* out) {
  std::optional<double> lost;
  const auto put = [&](auto round, auto widen) {
    for (size_t i = 0; i < values.size(); ++i) {
      const auto stored = round(values[i]);
      if (!lost && std::isfinite(values[i]) && !std::isfinite(widen(stored))) lost = values[i];
      std::memcpy(out + i * sizeof stored, &stored, sizeof stored);
    }
  };
  const auto same = [](auto value) { return value; };
  const auto single = [](double value) { return static_cast<float>(value); };
  switch (dtype) {
    case DType::kF16:
      put([&](double value) { return tensor::FloatToHalf(single(value)); }, tensor::HalfToFloat);
      break;
    case DType::kBF16:
      put([&](double value) { return tensor::FloatToBFloat(single(value)); },
          tensor::BFloatToFloat);
      break;
    case DType::kF64:
      put(same, same);
      break;
    default:
      put(single, same);
      break;
  }
  return lost;
}

Status Lost(const std::string& name, double value, DType dtype) {
  return Corruption(StrCat("tensor '", Printable(name, 160), "': the merged value ", value,
                           " does not fit ", tensor::Describe(dtype).name));
}

// A matrix [rows, columns] of a type, transposed.
std::vector<double> Transposed(const std::vector<double>& matrix, int64_t rows, int64_t columns) {
  std::vector<double> out(matrix.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      out[static_cast<size_t>(c * rows + r)] = matrix[static_cast<size_t>(r * columns + c)];
    }
  }
  return out;
}

// Gives the rows of one merged weight in the shape in which the base stores it.
class WeightRows {
 public:
  WeightRows(const TensorView& base, const ModuleChange& change)
      : base_(base),
        change_(change),
        rows_(base.shape.size() < 2 ? 1 : base.shape[0]),
        columns_(rows_ > 0 ? base.elements() / rows_ : 0) {
    if (change.low_rank()) TakeProduct();
    for (size_t i = 0; i < change.rows.size(); ++i) {
      replaced_[change.rows[i]] = static_cast<int64_t>(i);  // the last of equal ids counts
    }
    if (change.magnitude) TakeLengths();
  }

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }

  // Ok unless an output has no direction that a length could be given to.
  const Status& status() const { return status_; }

  std::vector<double> Row(int64_t row) const {
    if (const auto it = replaced_.find(row); it != replaced_.end()) {
      return Doubles(RowOf(*change_.tokens, it->second, columns_));
    }
    std::vector<double> out = Added(row);
    if (row_factor_.empty() && column_factor_.empty()) return out;
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] *= column_factor_.empty() ? row_factor_[static_cast<size_t>(row)] : column_factor_[i];
    }
    return out;
  }

 private:
  // left [rows, rank] times right [rank, columns] is the product as it is stored: B A, or (B A)^T
  // where the base keeps the matrix transposed, and for an embedding.
  void TakeProduct() {
    const BaseModule& m = *change_.module;
    const std::vector<double> a = Doubles(*change_.a), b = Doubles(*change_.b);
    const bool turned = m.transposed || m.kind == ModuleKind::kEmbedding;
    if (turned) {
      left_ = Transposed(a, change_.rank, rows_);
      right_ = Transposed(b, columns_, change_.rank);
    } else {
      left_ = b;
      right_ = a;
    }
  }

  // The base's row, or what takes its place, with the product.
  std::vector<double> Added(int64_t row) const {
    std::vector<double> out =
        Doubles(RowOf(change_.weight ? *change_.weight : base_, row, columns_));
    if (left_.empty()) return out;
    std::vector<double> sum(out.size());
    for (int64_t k = 0; k < change_.rank; ++k) {
      const double factor = left_[static_cast<size_t>(row * change_.rank + k)];
      const double* right = right_.data() + k * columns_;
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += factor * right[i];
    }
    for (size_t i = 0; i < out.size(); ++i) out[i] += change_.scale * sum[i];
    return out;
  }

  // DoRA: each output's weights get the length that the adapter gives.
  void TakeLengths() {
    const std::vector<double> lengths = Doubles(*change_.magnitude);
    std::vector<double> squares(lengths.size());
    const bool by_row = !change_.module->transposed;
    for (int64_t row = 0; row < rows_; ++row) {
      const std::vector<double> values = Added(row);
      for (size_t i = 0; i < values.size(); ++i) {
        squares[by_row ? static_cast<size_t>(row) : i] += values[i] * values[i];
      }
    }
    std::vector<double>& factor = by_row ? row_factor_ : column_factor_;
    for (size_t i = 0; i < lengths.size(); ++i) {
      if (squares[i] == 0) {
        status_ = Corruption(StrCat("output ", i, " has length 0, which DoRA cannot change"));
      }
      factor.push_back(lengths[i] / std::sqrt(squares[i]));
    }
  }

  const TensorView base_;
  const ModuleChange& change_;
  const int64_t rows_, columns_;
  std::vector<double> left_, right_;
  std::unordered_map<int64_t, int64_t> replaced_;
  std::vector<double> row_factor_, column_factor_;  // at most one is there
  Status status_;
};

Status WriteWeight(const std::string& name, const TensorView& base, const ModuleChange& change,
                   ComputePool& pool, const format::ByteSink& sink) {
  const WeightRows rows(base, change);
  PANO_RETURN_IF_ERROR(rows.status().Wrap(StrCat("tensor '", Printable(name, 160), "'")));
  const size_t row_bytes =
      static_cast<size_t>(rows.columns()) * tensor::Describe(base.dtype).block_bytes;
  if (rows.rows() == 0 || row_bytes == 0) return {};
  const auto chunk = static_cast<int64_t>(std::max<size_t>(1, kChunkBytes / row_bytes));
  std::vector<std::byte> buffer(static_cast<size_t>(std::min(chunk, rows.rows())) * row_bytes);
  for (int64_t begin = 0; begin < rows.rows(); begin += chunk) {
    const auto count = static_cast<size_t>(std::min(chunk, rows.rows() - begin));
    std::vector<std::optional<double>> lost(count);
    pool.ParallelFor(count, 1, [&](size_t from, size_t end, int) {
      for (size_t i = from; i < end; ++i) {
        lost[i] = Round(rows.Row(begin + static_cast<int64_t>(i)), base.dtype,
                        buffer.data() + i * row_bytes);
      }
    });
    for (const std::optional<double>& value : lost) {
      if (value) return Lost(name, *value, base.dtype);
    }
    PANO_RETURN_IF_ERROR(sink({buffer.data(), count * row_bytes}));
  }
  return {};
}

}  // namespace

Status CheckMergeable(const TensorView& base) {
  switch (base.dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kF64:
      return {};
    default:
      return Unimplemented(StrCat("adapters are not merged into type ",
                                  tensor::Describe(base.dtype).name,
                                  "; merge into the model in floats, then convert it"));
  }
}

format::TensorStream MergedWeight(std::string name, const TensorView& base,
                                  const ModuleChange& change, ComputePool& pool) {
  return {name, base.dtype, base.shape, [name, base, &change, &pool](const format::ByteSink& sink) {
            return WriteWeight(name, base, change, pool, sink);
          }};
}

format::TensorStream MergedBias(std::string name, const TensorView& base,
                                const ModuleChange& change) {
  return {name, base.dtype, base.shape, [name, base, &change](const format::ByteSink& sink) {
            std::vector<double> values = Doubles(change.bias ? *change.bias : base);
            const std::vector<double> more =
                change.b_bias ? Doubles(*change.b_bias) : std::vector<double>(values.size());
            for (size_t i = 0; i < values.size(); ++i) values[i] += change.scale * more[i];
            std::vector<std::byte> bytes(values.size() * tensor::Describe(base.dtype).block_bytes);
            if (const auto lost = Round(values, base.dtype, bytes.data())) {
              return Lost(name, *lost, base.dtype);
            }
            return sink(bytes);
          }};
}

}  // namespace pano::adapter
