#pragma once

// The low-rank products over Lanes, for the file that defines Lanes (lanes_*.h, included first). Down
// are dot products like MatMul's, a tile of two rows of x by three of A in registers. Up the lanes
// are outputs: a panel of B is read once for four rows, which broadcast their t.
#include <cstring>

#include "model/kernels/low_rank/low_rank.h"
#include "model/kernels/matmul/generic.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

// Rows of A and panels of B are short, and those of a step's adapters together are larger than a
// cache: the hardware notices each stream too late, so the next rows and the panels after the next
// few are asked for while these are computed.
inline constexpr size_t kPanelsAhead = 4;

template <size_t kRows, size_t kRanks, typename Row>
void DownTile(const LowRankDown& a, size_t m, size_t j, const Row* rows) {
  const size_t rank = static_cast<size_t>(a.a->shape[0]);
  Lanes acc[kRows][kRanks];
  for (auto& line : acc) {
    for (Lanes& lane : line) lane = Lanes::Zero();
  }
  const size_t whole = a.k / Lanes::kWidth * Lanes::kWidth;
  for (size_t k = 0; k < whole; k += Lanes::kWidth) {
    Lanes x[kRows];
    for (size_t i = 0; i < kRows; ++i) x[i] = Lanes::Load(a.x + (m + i) * a.x_stride + k);
    for (size_t r = 0; r < kRanks; ++r) {
      __builtin_prefetch(rows[r].p + kRanks * a.k + k);
      const Lanes w = rows[r].Load(k);
      for (size_t i = 0; i < kRows; ++i) acc[i][r] = Lanes::MulAdd(x[i], w, acc[i][r]);
    }
  }
  if (const size_t rest = a.k - whole) {
    for (size_t i = 0; i < kRows; ++i) {
      const Lanes x = LoadTailX(a.x + (m + i) * a.x_stride, whole, rest);
      for (size_t r = 0; r < kRanks; ++r) {
        acc[i][r] = Lanes::MulAdd(x, LoadTail(rows[r], whole, rest), acc[i][r]);
      }
    }
  }
  for (size_t i = 0; i < kRows; ++i) {
    for (size_t r = 0; r < kRanks; ++r) {
      a.t[(m + i) * rank + j + r] = a.scale * acc[i][r].Sum();
    }
  }
}

template <size_t kRanks, typename Row>
void DownRanks(const LowRankDown& a, size_t j) {
  auto run = [&]<size_t... r>(std::index_sequence<r...>) {
    const Row rows[] = {Row(*a.a, j + r, a.k)...};
    size_t m = 0;
    for (; m + 2 <= a.m; m += 2) DownTile<2, kRanks>(a, m, j, rows);
    if (m < a.m) DownTile<1, kRanks>(a, m, j, rows);
  };
  run(std::make_index_sequence<kRanks>());
}

template <typename Row>
void LowRankDownRange(const LowRankDown& args, size_t begin, size_t end) {
  size_t j = begin;
  for (; j + kLowRankDownRanks <= end; j += kLowRankDownRanks) {
    DownRanks<kLowRankDownRanks, Row>(args, j);
  }
  for (; j < end; ++j) DownRanks<1, Row>(args, j);
}

// Sixteen values of a panel.
struct PanelF32 {
  using Element = float;
  static Lanes Load(const float* p) { return Lanes::Load(p); }
};
struct PanelF16 {
  using Element = uint16_t;
  static Lanes Load(const uint16_t* p) { return Lanes::LoadHalf(p); }
};
struct PanelBF16 {
  using Element = uint16_t;
  static Lanes Load(const uint16_t* p) { return Lanes::LoadBFloat(p); }
};

template <size_t kRows, typename Panel>
void UpTile(const LowRankUp& a, size_t m, size_t panel) {
  const auto* b = reinterpret_cast<const typename Panel::Element*>(a.b) +
                  panel * kLowRankPanel * a.rank;
  const float* t = a.t + m * a.rank;
  Lanes acc[kRows];
  for (Lanes& lane : acc) lane = Lanes::Zero();
  for (size_t j = 0; j < a.rank; ++j) {
    __builtin_prefetch(b + (kPanelsAhead * a.rank + j) * kLowRankPanel);
    const Lanes w = Panel::Load(b + j * kLowRankPanel);
    for (size_t i = 0; i < kRows; ++i) {
      acc[i] = Lanes::MulAdd(Lanes::Set(t[i * a.rank + j]), w, acc[i]);
    }
  }
  const size_t n = panel * kLowRankPanel;
  for (size_t i = 0; i < kRows; ++i) {
    float* y = a.y + (m + i) * a.y_stride + n;
    if (n + kLowRankPanel <= a.n) {
      (Lanes::Load(y) + acc[i]).Store(y);
    } else {
      float part[Lanes::kWidth];
      (LoadTailX(y, 0, a.n - n) + acc[i]).Store(part);
      std::memcpy(y, part, (a.n - n) * sizeof(float));
    }
  }
}

template <typename Panel>
void LowRankUpRange(const LowRankUp& args, size_t begin, size_t end) {
  for (size_t panel = begin; panel < end; ++panel) {
    size_t m = 0;
    for (; m + 4 <= args.m; m += 4) UpTile<4, Panel>(args, m, panel);
    for (; m + 2 <= args.m; m += 2) UpTile<2, Panel>(args, m, panel);
    if (m < args.m) UpTile<1, Panel>(args, m, panel);
  }
}

inline LowRankDownFn LowRankDownFor(tensor::DType dtype) {
  switch (dtype) {
    case tensor::DType::kF32:
      return LowRankDownRange<RowF32>;
    case tensor::DType::kF16:
      return LowRankDownRange<RowF16>;
    case tensor::DType::kBF16:
      return LowRankDownRange<RowBF16>;
    default:
      return nullptr;
  }
}

inline LowRankUpFn LowRankUpFor(tensor::DType dtype) {
  switch (dtype) {
    case tensor::DType::kF32:
      return LowRankUpRange<PanelF32>;
    case tensor::DType::kF16:
      return LowRankUpRange<PanelF16>;
    case tensor::DType::kBF16:
      return LowRankUpRange<PanelBF16>;
    default:
      return nullptr;
  }
}

constexpr LowRankKernels kLowRankKernels = {LowRankDownFor, LowRankUpFor};

}  // namespace
}  // namespace pano::kernels
