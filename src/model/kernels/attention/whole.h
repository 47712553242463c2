#pragma once

// WholeAttention (attention.h) by a unit that multiplies tiles of BF16 (simd/tiles_*.h), over the
// Lanes that the including file defines. Anonymous namespace: no symbol may stand in for one of
// another instruction set.
//
// Every number is the sum of two of BF16, high and low, and a product the sum of three: high by high,
// high by low, low by high. What is left out is about 2^-16 of the product, so results are those of floats
// within 1e-4 (measured: 2e-5 for scores of a few units). Where numbers may be rounded, the high part stands
// for all of a number, and a product is one.
//
// Scores are computed transposed, K times Q^T: a row of scores has sixteen queries side by side, so the
// softmax goes down the lanes and needs no sum across them, and its weights are already laid out as the
// right side of the second product, V^T times weights. A step has 32 keys or 32 components; of a
// step, element p stands beside element p + 16, on both sides of a product alike.
#include <cstring>

#include "model/kernels/attention/attention.h"
#include "model/kernels/simd/lanes.h"
#include "model/kernels/simd/tiles_generic.h"

namespace pano::kernels {
namespace {

// 2^x, for x <= 0, below 2^-126 as 2^-126: relative error below 2e-7. NaN stays NaN. The polynomial is the
// minimax one of degree 5 on [-1/2, 1/2] (Remez).
inline Lanes PowerOfTwo(Lanes x) {
  const Lanes clamped = Lanes::Max(Lanes::Set(-126.0f), x);
  const Lanes n = Lanes::Round(clamped), r = clamped - n;
  Lanes p = Lanes::Set(0.00132764725f);
  for (float c : {0.00967554096f, 0.0555071309f, 0.240221202f, 0.693146944f, 1.00000012f}) {
    p = Lanes::MulAdd(p, r, Lanes::Set(c));
  }
  return Lanes::ScaleByPowerOfTwo(p, n);
}

// The same with a relative error of 1e-4, for what is rounded to BF16 afterwards.
inline Lanes RoughPowerOfTwo(Lanes x) {
  const Lanes clamped = Lanes::Max(Lanes::Set(-126.0f), x);
  const Lanes n = Lanes::Round(clamped), r = clamped - n;
  Lanes p = Lanes::Set(0.0551716691f);
  for (float c : {0.242611122f, 0.693260985f, 0.999928074f}) p = Lanes::MulAdd(p, r, Lanes::Set(c));
  return Lanes::ScaleByPowerOfTwo(p, n);
}

// One call. kRounded: numbers are rounded to BF16, else each goes as two. Confined to one thread.
template <typename Unit, bool kRounded>
class WholeAttentionRun {
 public:
  explicit WholeAttentionRun(const WholeAttentionArgs& a)
      : a_(a),
        key_steps_(Steps(a.dim)),
        value_tiles_((a.value_dim + kTileRows - 1) / kTileRows),
        groups_((a.queries + kGroup - 1) / kGroup),
        unit_(kTileRows) {
    std::byte* next = a.scratch;
    auto take = [&next](size_t bytes) {
      std::byte* taken = next;
      next += bytes;
      return taken;
    };
    queries_ = take(groups_ * key_steps_ * 2 * kParts * kTileBytes);
    states_ = reinterpret_cast<float*>(take(groups_ * StateFloats() * sizeof(float)));
    keys_ = take(kWholeChunk / kStep * key_steps_ * 2 * kParts * kTileBytes);
    values_ = take(kWholeChunk / kStep * value_tiles_ * kParts * kTileBytes);
    scores_ = take(kWholeChunk / kStep * 4 * kTileBytes);
    weights_ = take(kWholeChunk / kStep * 2 * kParts * kTileBytes);
    sums_ = take(4 * kTileBytes);
    floats_ = reinterpret_cast<float*>(take(kTileRows * kStep * sizeof(float)));
  }

  void Run() {
    for (size_t group = 0; group < groups_; ++group) PackQueries(group);
    for (first_ = 0; first_ < a_.keys; first_ += kWholeChunk) {
      count_ = a_.keys - first_ < kWholeChunk ? a_.keys - first_ : kWholeChunk;
      steps_ = Steps(count_);
      for (size_t step = 0; step < steps_; ++step) PackKeys(step);
      for (size_t step = 0; step < steps_; ++step) PackValues(step);
      Unit::Fence();
      for (size_t group = 0; group < groups_; ++group) {
        if (a_.queries - group * kGroup > kTileRows) {
          RunGroup<2>(group);
        } else {
          RunGroup<1>(group);
        }
      }
    }
    for (size_t group = 0; group < groups_; ++group) WriteResults(group);
  }

 private:
  static constexpr size_t kStep = kWholeStep, kGroup = 2 * kTileRows;  // of keys; of queries
  static constexpr size_t kWidth = Lanes::kWidth;
  static constexpr size_t kParts = kRounded ? 1 : 2;  // of a number
  static_assert(kWidth == kTileRows);

  static size_t Steps(size_t count) { return (count + kStep - 1) / kStep; }

  // What goes along with a group of queries from chunk to chunk, for either tile of them: sixteen maxima,
  // sixteen sums of exponentials, and sixteen of each component of the result.
  size_t StateFloats() const { return 2 * (2 + value_tiles_ * kTileRows) * kWidth; }
  float* State(size_t group, size_t tile) const {
    return states_ + group * StateFloats() + tile * StateFloats() / 2;
  }

  // Up to sixteen floats, the others as zeros.
  static Lanes LoadPart(const float* from, size_t count) {
    if (count >= kWidth) return Lanes::Load(from);
    float part[kWidth] = {};
    std::memcpy(part, from, count * sizeof(float));
    return Lanes::Load(part);
  }

  // to [column][16 rows] of up to 16 rows and 16 columns, the others as zeros.
  void Transpose(const float* from, size_t stride, size_t rows, size_t columns, float* to) const {
    if (rows >= kTileRows && columns >= kWidth) return Unit::Transpose(from, stride, to);
    alignas(64) float filled[kTileRows * kWidth] = {};
    for (size_t r = 0; r < rows && r < kTileRows; ++r) LoadPart(from + r * stride, columns).Store(filled + r * kWidth);
    Unit::Transpose(filled, kWidth, to);
  }
  // Sixteen pairs of numbers, the low parts, where there are any, so many bytes behind the high ones.
  static void Store(Lanes a, Lanes b, std::byte* to, size_t low) {
    if constexpr (kRounded) {
      Unit::Round(a, b, to);
    } else {
      Unit::Split(a, b, to, to + low);
    }
  }
  static Lanes Exponential(Lanes x) { return kRounded ? RoughPowerOfTwo(x) : PowerOfTwo(x); }
  static size_t Left(size_t all, size_t done) { return all > done ? all - done : 0; }

  // [step of components][high, low][tile of queries][16 pairs of components][16 queries], times scale.
  void PackQueries(size_t group) {
    const Lanes scale = Lanes::Set(a_.scale * 1.44269504f);  // powers of two in place of e
    for (size_t tile = 0; tile < 2; ++tile) {
      const size_t first = group * kGroup + tile * kTileRows, rows = Left(a_.queries, first);
      float* state = State(group, tile);
      Lanes::Set(-__builtin_inff()).Store(state);
      std::memset(state + kWidth, 0, (StateFloats() / 2 - kWidth) * sizeof(float));
      if (rows == 0) continue;
      for (size_t step = 0; step < key_steps_; ++step) {
        const size_t at = step * kStep;
        const float* from = a_.q + first * a_.q_stride + at;
        Transpose(from, a_.q_stride, rows, a_.dim - at, floats_);
        const size_t upper = Left(a_.dim, at + kWidth);
        Transpose(upper == 0 ? from : from + kWidth, a_.q_stride, rows, upper, floats_ + kTileRows * kWidth);
        std::byte* to = queries_ + ((group * key_steps_ + step) * 2 * kParts + tile) * kTileBytes;
        for (size_t p = 0; p < kTileRows; ++p, to += kTileRowBytes) {
          Store(Lanes::Load(floats_ + p * kWidth) * scale,
                Lanes::Load(floats_ + (p + kTileRows) * kWidth) * scale, to, 2 * kTileBytes);
        }
      }
    }
  }

  // [step of keys][step of components][high, low][tile of keys][16 keys][32 components].
  void PackKeys(size_t step) const {
    for (size_t i = 0; i < kStep; ++i) {
      const size_t key = first_ + step * kStep + i;
      std::byte* to = keys_ + step * key_steps_ * 2 * kParts * kTileBytes + i / kTileRows * kTileBytes +
                      i % kTileRows * kTileRowBytes;
      for (size_t at = 0; at < a_.dim; at += kStep, to += 2 * kParts * kTileBytes) {
        Lanes low = Lanes::Zero(), high = Lanes::Zero();
        if (key < a_.keys) {
          const float* from = a_.k + key * a_.k_stride + at;
          low = LoadPart(from, a_.dim - at);
          if (a_.dim - at > kWidth) high = LoadPart(from + kWidth, a_.dim - at - kWidth);
        }
        Store(low, high, to, 2 * kTileBytes);
      }
    }
  }

  // [step of keys][high, low][tile of components][16 components][32 keys].
  void PackValues(size_t step) const {
    const size_t key = first_ + step * kStep, rows = a_.keys - key, more = Left(rows, kTileRows);
    std::byte* to = values_ + step * value_tiles_ * kParts * kTileBytes;
    for (size_t at = 0; at < a_.value_dim; at += kTileRows) {
      const float* from = a_.v + key * a_.v_stride + at;
      Transpose(from, a_.v_stride, rows, a_.value_dim - at, floats_);
      Transpose(more == 0 ? from : from + kTileRows * a_.v_stride, a_.v_stride, more, a_.value_dim - at,
                floats_ + kTileRows * kWidth);
      for (size_t c = 0; c < kTileRows; ++c, to += kTileRowBytes) {
        Store(Lanes::Load(floats_ + c * kWidth), Lanes::Load(floats_ + (c + kTileRows) * kWidth), to,
              value_tiles_ * kTileBytes);
      }
    }
  }

  template <int kTiles>
  void RunGroup(size_t group) {
    for (size_t step = 0; step < steps_; ++step) {
      unit_.template Zero<2, kTiles>();
      for (size_t i = 0; i < key_steps_; ++i) {
        Multiply<2, kTiles>(keys_ + (step * key_steps_ + i) * 2 * kParts * kTileBytes, 2 * kTileBytes,
                            queries_ + (group * key_steps_ + i) * 2 * kParts * kTileBytes);
      }
      unit_.template Store<2, kTiles>(scores_ + step * 2 * kTiles * kTileBytes);
    }
    Unit::Fence();
    for (size_t tile = 0; tile < kTiles; ++tile) Softmax<kTiles>(State(group, tile), tile);
    Unit::Fence();
    size_t at = 0;
    for (; at + 2 <= value_tiles_; at += 2) AddValues<2, kTiles>(group, at);
    if (at < value_tiles_) AddValues<1, kTiles>(group, at);
  }

  // x has its low tiles so many bytes behind its high ones, w its own behind two high ones.
  template <int kX, int kTiles>
  void Multiply(const std::byte* x, size_t x_low, const std::byte* w) {
    const auto *high_x = reinterpret_cast<const uint8_t*>(x), *high_w = reinterpret_cast<const uint8_t*>(w);
    if constexpr (kRounded) {
      unit_.template MultiplyAdd<TileElement::kBFloat, kX, kTiles>(high_x, kTileBytes, high_w, kTileBytes);
    } else {
      unit_.template MultiplyAddSplit<TileElement::kBFloat, kX, kTiles>(
          high_x, high_x + x_low, kTileBytes, high_w, high_w + 2 * kTileBytes, kTileBytes);
    }
  }

  // Row `key` of the chunk's scores for a tile of queries.
  template <int kTiles>
  const float* Scores(size_t key, size_t tile) const {
    const size_t step = key / kStep, half = key % kStep / kTileRows;
    return reinterpret_cast<const float*>(scores_ + ((step * 2 + half) * kTiles + tile) * kTileBytes +
                                          key % kTileRows * kTileRowBytes);
  }

  // From the chunk's scores to weights, [step of keys][high, low][tile of queries][16 pairs of keys][16].
  template <int kTiles>
  void Softmax(float* state, size_t tile) {
    const size_t whole = count_ / kStep;
    Lanes tops[2] = {Lanes::Load(state), Lanes::Load(state)};
    for (size_t step = 0; step < whole; ++step) {
      const float* low = Scores<kTiles>(step * kStep, tile);
      const float* high = Scores<kTiles>(step * kStep + kTileRows, tile);
      for (size_t p = 0; p < kTileRows; ++p) {
        tops[0] = Lanes::Max(tops[0], Lanes::Load(low + p * kWidth));
        tops[1] = Lanes::Max(tops[1], Lanes::Load(high + p * kWidth));
      }
    }
    for (size_t key = whole * kStep; key < count_; ++key) {
      tops[0] = Lanes::Max(tops[0], Lanes::Load(Scores<kTiles>(key, tile)));
    }
    const Lanes max = Lanes::Max(tops[0], tops[1]);
    if (first_ > 0) {
      const Lanes factor = PowerOfTwo(Lanes::Load(state) - max);
      for (size_t i = 1; i < 2 + value_tiles_ * kTileRows; ++i) {
        (Lanes::Load(state + i * kWidth) * factor).Store(state + i * kWidth);
      }
    }
    max.Store(state);
    Lanes sums[2] = {Lanes::Load(state + kWidth), Lanes::Zero()};
    for (size_t step = 0; step < whole; ++step) {
      SoftmaxStep<kTiles, true>(step, tile, max, sums);
    }
    if (whole < steps_) SoftmaxStep<kTiles, false>(whole, tile, max, sums);
    (sums[0] + sums[1]).Store(state + kWidth);
  }

  template <int kTiles, bool kWhole>
  void SoftmaxStep(size_t step, size_t tile, Lanes max, Lanes (&sums)[2]) {
    const float* low = Scores<kTiles>(step * kStep, tile);
    const float* high = Scores<kTiles>(step * kStep + kTileRows, tile);
    std::byte* to = weights_ + (step * 2 * kParts + tile) * kTileBytes;
    const size_t left = count_ - step * kStep;
    for (size_t p = 0; p < kTileRows; ++p, to += kTileRowBytes) {
      Lanes a = Exponential(Lanes::Load(low + p * kWidth) - max);
      Lanes b = Exponential(Lanes::Load(high + p * kWidth) - max);
      if (!kWhole) {
        if (p >= left) a = Lanes::Zero();
        if (p + kTileRows >= left) b = Lanes::Zero();
      }
      sums[0] = sums[0] + a;
      sums[1] = sums[1] + b;
      Store(a, b, to, 2 * kTileBytes);
    }
  }

  // kX tiles of components from `tile` on, of the chunk's values by its weights.
  template <int kX, int kTiles>
  void AddValues(size_t group, size_t tile) {
    unit_.template Zero<kX, kTiles>();
    for (size_t step = 0; step < steps_; ++step) {
      Multiply<kX, kTiles>(values_ + (step * kParts * value_tiles_ + tile) * kTileBytes,
                           value_tiles_ * kTileBytes, weights_ + step * 2 * kParts * kTileBytes);
    }
    unit_.template Store<kX, kTiles>(sums_);
    Unit::Fence();
    for (size_t x = 0; x < kX; ++x) {
      for (size_t w = 0; w < kTiles; ++w) {
        const auto* from = reinterpret_cast<const float*>(sums_ + (x * kTiles + w) * kTileBytes);
        float* to = State(group, w) + (2 + (tile + x) * kTileRows) * kWidth;
        for (size_t i = 0; i < kTileRows * kWidth; i += kWidth) {
          (Lanes::Load(to + i) + Lanes::Load(from + i)).Store(to + i);
        }
      }
    }
    Unit::Fence();
  }

  void WriteResults(size_t group) {
    for (size_t tile = 0; tile < 2; ++tile) {
      const size_t first = group * kGroup + tile * kTileRows, rows = Left(a_.queries, first);
      if (rows == 0) return;
      const float* state = State(group, tile);
      const Lanes inverse = Lanes::Set(1.0f) / Lanes::Load(state + kWidth);
      for (size_t at = 0; at < a_.value_dim; at += kTileRows) {
        alignas(64) float scaled[kTileRows * kWidth], turned[kTileRows * kWidth];
        for (size_t i = 0; i < kTileRows; ++i) {
          (Lanes::Load(state + (2 + at + i) * kWidth) * inverse).Store(scaled + i * kWidth);
        }
        Unit::Transpose(scaled, kWidth, turned);
        const size_t part = a_.value_dim - at < kTileRows ? a_.value_dim - at : kTileRows;
        for (size_t r = 0; r < rows && r < kTileRows; ++r) {
          float* to = a_.out + (first + r) * a_.out_stride + at;
          if (part == kWidth) {
            Lanes::Load(turned + r * kWidth).Store(to);  // a copy of unknown length is slow to begin
          } else {
            std::memcpy(to, turned + r * kWidth, part * sizeof(float));
          }
        }
      }
    }
  }

  const WholeAttentionArgs& a_;
  const size_t key_steps_;    // of 32 components of a key
  const size_t value_tiles_;  // of 16 components of a value
  const size_t groups_;       // of 32 queries
  Unit unit_;
  std::byte *queries_, *keys_, *values_, *scores_, *weights_, *sums_;
  float *states_, *floats_;
  size_t first_ = 0, count_ = 0, steps_ = 0;  // the chunk's first key, its keys, its steps
};

template <typename Unit>
void WholeAttention(const WholeAttentionArgs& a) {
  if (a.rounded) {
    WholeAttentionRun<Unit, true>(a).Run();
  } else {
    WholeAttentionRun<Unit, false>(a).Run();
  }
}

}  // namespace
}  // namespace pano::kernels
