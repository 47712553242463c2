#pragma once

// The matrix product over Lanes, for the file that defines Lanes (lanes_*.h, included first). A
// tile of two rows of x by three of w keeps its sums in registers, each in sixteen lanes over k;
// blocks of 32 rows of x stay in the second-level cache while the weights stream through. Weights
// of F32, F16, BF16 and Q8_0 are dequantised in registers, or once into scratch where enough rows
// of x use them.
#include <cstring>
#include <type_traits>
#include <utility>

#include "model/kernels/matmul/matmul.h"
#include "model/kernels/simd/lanes.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

// How a weight row is read: Load gives the sixteen weights from k on, k a multiple of 16.
struct RowF32 {
  const float* p;
  RowF32(const tensor::TensorView& w, size_t row, size_t k)
      : p(reinterpret_cast<const float*>(w.data) + row * k) {}
  Lanes Load(size_t k) const { return Lanes::Load(p + k); }
  float One(size_t k) const { return p[k]; }
};
struct RowF16 {
  const uint16_t* p;
  RowF16(const tensor::TensorView& w, size_t row, size_t k)
      : p(reinterpret_cast<const uint16_t*>(w.data) + row * k) {}
  Lanes Load(size_t k) const { return Lanes::LoadHalf(p + k); }
  float One(size_t k) const { return tensor::HalfToFloat(p[k]); }
};
struct RowBF16 {
  const uint16_t* p;
  RowBF16(const tensor::TensorView& w, size_t row, size_t k)
      : p(reinterpret_cast<const uint16_t*>(w.data) + row * k) {}
  Lanes Load(size_t k) const { return Lanes::LoadBFloat(p + k); }
  float One(size_t k) const { return tensor::BFloatToFloat(p[k]); }
};
struct RowQ8 {
  const tensor::Q8Block* p;
  RowQ8(const tensor::TensorView& w, size_t row, size_t k)
      : p(reinterpret_cast<const tensor::Q8Block*>(w.data) + row * (k / tensor::kQ8BlockElements)) {
  }
  Lanes Load(size_t k) const {
    const tensor::Q8Block& block = p[k / tensor::kQ8BlockElements];
    return Lanes::LoadInt8(block.quants + k % tensor::kQ8BlockElements) *
           Lanes::Set(Lanes::HalfToFloat(block.scale));
  }
  float One(size_t k) const {
    const tensor::Q8Block& block = p[k / tensor::kQ8BlockElements];
    return static_cast<float>(block.quants[k % tensor::kQ8BlockElements]) *
           tensor::HalfToFloat(block.scale);
  }
};
// A dequantised row in scratch, padded with zeros.
struct RowScratch {
  const float* p;
  explicit RowScratch(const float* q) : p(q) {}
  Lanes Load(size_t k) const { return Lanes::Load(p + k); }
};

// The last, partial group of sixteen, filled up with zeros.
template <typename Row>
Lanes LoadTail(const Row& row, size_t k, size_t count) {
  float part[Lanes::kWidth] = {};
  for (size_t i = 0; i < count; ++i) part[i] = row.One(k + i);
  return Lanes::Load(part);
}
inline Lanes LoadTail(const RowScratch& row, size_t k, size_t) { return row.Load(k); }

inline Lanes LoadTailX(const float* x, size_t k, size_t count) {
  float part[Lanes::kWidth] = {};
  std::memcpy(part, x + k, count * sizeof(float));
  return Lanes::Load(part);
}

template <size_t kRows, size_t kCols, typename Row>
void Tile(const MatMulArgs& a, size_t m, size_t n, const Row* rows) {
  Lanes acc[kRows][kCols];
  for (auto& line : acc) {
    for (Lanes& lane : line) lane = Lanes::Zero();
  }
  const size_t whole = a.k / Lanes::kWidth * Lanes::kWidth;
  for (size_t k = 0; k < whole; k += Lanes::kWidth) {
    Lanes x[kRows];
    for (size_t i = 0; i < kRows; ++i) x[i] = Lanes::Load(a.x + (m + i) * a.k + k);
    for (size_t j = 0; j < kCols; ++j) {
      Lanes w = rows[j].Load(k);
      for (size_t i = 0; i < kRows; ++i) acc[i][j] = Lanes::MulAdd(x[i], w, acc[i][j]);
    }
  }
  if (size_t rest = a.k - whole) {
    for (size_t i = 0; i < kRows; ++i) {
      Lanes x = LoadTailX(a.x + (m + i) * a.k, whole, rest);
      for (size_t j = 0; j < kCols; ++j) {
        acc[i][j] = Lanes::MulAdd(x, LoadTail(rows[j], whole, rest), acc[i][j]);
      }
    }
  }
  for (size_t i = 0; i < kRows; ++i) {
    for (size_t j = 0; j < kCols; ++j) {
      float sum = acc[i][j].Sum();
      a.y[(m + i) * a.n + n + j] = a.bias ? sum + a.bias[n + j] : sum;
    }
  }
}

template <typename Row>
void Dequantise(const Row& row, size_t k, float* out) {
  const size_t whole = k / Lanes::kWidth * Lanes::kWidth;
  for (size_t i = 0; i < whole; i += Lanes::kWidth) row.Load(i).Store(out + i);
  if (whole < k) LoadTail(row, whole, k - whole).Store(out + whole);
}

// All rows of x against kCols rows of w.
template <size_t kCols, typename Row>
void Panel(const MatMulArgs& a, size_t n, const Row* rows) {
  size_t m = 0;
  for (; m + 2 <= a.m; m += 2) Tile<2, kCols>(a, m, n, rows);
  if (m < a.m) Tile<1, kCols>(a, m, n, rows);
}

// The same against kCols rows that stand in scratch as floats, padded with zeros.
template <size_t kCols>
void ScratchPanel(const MatMulArgs& a, size_t n, const float* scratch) {
  auto run = [&]<size_t... j>(std::index_sequence<j...>) {
    const RowScratch rows[] = {RowScratch(scratch + j * PaddedK(a.k))...};
    Panel<kCols>(a, n, rows);
  };
  run(std::make_index_sequence<kCols>());
}

template <size_t kCols, typename Row>
void Columns(const MatMulArgs& a, size_t n, float* scratch) {
  // For few rows of x, weights are dequantised in registers; for more, once into scratch, which
  // stays in the cache.
  constexpr size_t kDequantiseMinRows = 4;
  if (std::is_same_v<Row, RowF32> || a.m < kDequantiseMinRows) {
    auto run = [&]<size_t... j>(std::index_sequence<j...>) {
      const Row rows[] = {Row(*a.w, n + j, a.k)...};
      Panel<kCols>(a, n, rows);
    };
    run(std::make_index_sequence<kCols>());
    return;
  }
  for (size_t j = 0; j < kCols; ++j)
    Dequantise(Row(*a.w, n + j, a.k), a.k, scratch + j * PaddedK(a.k));
  ScratchPanel<kCols>(a, n, scratch);
}

// Every other type: ordinary code decodes the rows.
struct RowDecoded {};
template <size_t kCols, typename Row>
  requires std::is_same_v<Row, RowDecoded>
void Columns(const MatMulArgs& a, size_t n, float* scratch) {
  for (size_t j = 0; j < kCols; ++j) {
    float* row = scratch + j * PaddedK(a.k);
    DequantiseRow(*a.w, n + j, row);
    for (size_t k = a.k; k < PaddedK(a.k); ++k) row[k] = 0;
  }
  ScratchPanel<kCols>(a, n, scratch);
}

template <typename Row>
void MatMulRange(const MatMulArgs& args, size_t n_begin, size_t n_end, float* scratch) {
  // Rows of x that stay in the second-level cache while the weights stream through.
  constexpr size_t kBlockRows = 32;
  for (size_t m = 0; m < args.m; m += kBlockRows) {
    MatMulArgs a = args;
    a.x += m * args.k;
    a.y += m * args.n;
    a.m = args.m - m < kBlockRows ? args.m - m : kBlockRows;
    size_t n = n_begin;
    for (; n + kMatMulPanelRows <= n_end; n += kMatMulPanelRows) {
      Columns<kMatMulPanelRows, Row>(a, n, scratch);
    }
    for (; n < n_end; ++n) Columns<1, Row>(a, n, scratch);
  }
}

inline MatMulFn MatMulFor(tensor::DType dtype) {
  switch (dtype) {
    case tensor::DType::kF32:
      return MatMulRange<RowF32>;
    case tensor::DType::kF16:
      return MatMulRange<RowF16>;
    case tensor::DType::kBF16:
      return MatMulRange<RowBF16>;
    case tensor::DType::kQ8_0:
      return MatMulRange<RowQ8>;
    default:
      return MatMulSupports(dtype) ? MatMulRange<RowDecoded> : nullptr;
  }
}

}  // namespace
}  // namespace pano::kernels
