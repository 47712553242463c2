#include "model/adapter/bind/bind_adapter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/strings.h"
#include "base/threads.h"
#include "model/adapter/bind/module_targets.h"
#include "model/nn/encoder/tower_encoder.h"
#include "model/tensor/half.h"

namespace pano::adapter {
namespace {

using tensor::DType;
using tensor::TensorView;

// What following rows that were trained one by one may cost a tied head: a pair of matrices with a
// column for each of them, which every step multiplies with and of which nothing is in the file.
constexpr size_t kTiedBytesMax = size_t{64} << 20;

TensorView ViewOf(const std::vector<float>& values, size_t rows, size_t columns) {
  return {DType::kF32,
          {static_cast<int64_t>(rows), static_cast<int64_t>(columns)},
          reinterpret_cast<const std::byte*>(values.data()),
          values.size() * sizeof(float)};
}

std::vector<float> Transposed(const std::vector<float>& values, size_t rows, size_t columns) {
  std::vector<float> out(values.size());
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) out[c * rows + r] = values[r * columns + c];
  }
  return out;
}

bool KernelsRead(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

// A matrix in its own type where the kernels read that, else as F32; with `halves` F32 as F16. Its
// values are `factor` times those of `view`.
struct Matrix {
  Matrix(const TensorView& from, bool to_halves) : view(from) {
    if (!KernelsRead(from.dtype)) {
      values = Floats(from);
      view = ViewOf(values, static_cast<size_t>(from.shape[0]), static_cast<size_t>(from.shape[1]));
    }
    if (to_halves && view.dtype == DType::kF32) Halve();
  }

  void Halve() {
    const auto* from = reinterpret_cast<const float*>(view.data);
    const auto count = static_cast<size_t>(view.elements());
    float largest = 0;
    for (size_t i = 0; i < count; ++i) {
      float value = 0;
      std::memcpy(&value, from + i, sizeof value);
      largest = std::max(largest, std::abs(value));
    }
    int exponent = 0;
    if (largest > 0) std::frexp(largest, &exponent);
    const float up = std::ldexp(1.0f, kHalfExponent - exponent);
    if (!(up > 0) || !std::isfinite(up)) return;  // values at the ends of a float's range
    halves.resize(count);
    for (size_t i = 0; i < count; ++i) {
      float value = 0;
      std::memcpy(&value, from + i, sizeof value);
      halves[i] = tensor::FloatToHalf(value * up);
    }
    factor = 1 / up;
    view = {DType::kF16, view.shape, reinterpret_cast<const std::byte*>(halves.data()),
            halves.size() * sizeof(uint16_t)};
  }

  static constexpr int kHalfExponent = 14;  // the largest becomes 2^13 to 2^14
  std::vector<float> values;
  std::vector<uint16_t> halves;
  TensorView view;
  float factor = 1;
};

// One adapter's changes, module by module.
class Binding {
 public:
  Binding(const Adapter& adapter, const ModuleTargets& targets, BindOptions options,
          ops::AdapterWeights& out)
      : adapter_(adapter), targets_(targets), options_(options), out_(out) {}

  // Tables come last: a head that is one of them follows what the adapter did not change of the head.
  Status Bind() {
    for (const bool tables : {false, true}) {
      for (const ModuleChange& change : adapter_.changes()) {
        PANO_ASSIGN_OR_RETURN(const std::vector<ModuleTarget> targets,
                              targets_.Find(adapter_.base(), *change.module).Wrap(adapter_.path()));
        for (const ModuleTarget& target : targets) {
          if ((target.table != nullptr) != tables) continue;
          Status bound = target.linear  ? BindLinear(change, target)
                         : target.table ? BindTable(change, target)
                                        : BindNorm(change, target);
          PANO_RETURN_IF_ERROR(bound.Wrap(adapter_.path()));
        }
      }
    }
    return {};
  }

 private:
  static Status Refuse(const ModuleChange& change, std::string_view why) {
    return Unimplemented(StrCat("module '", Printable(change.name), "': ", why,
                                "; merge the adapter into its base (pano merge) and serve that"));
  }

  // The module's row for row `row` of the target.
  static size_t RowOf(const ModuleTarget& target, size_t row) {
    return target.rows.empty() ? row : static_cast<size_t>(target.rows[row]);
  }

  Status BindLinear(const ModuleChange& change, const ModuleTarget& target) {
    const bool only_pair = !change.weight && !change.bias && !change.b_bias && !change.magnitude;
    if (target.turned && !only_pair) return Refuse(change, "is kept head by head here");
    const ops::Linear& linear = *target.linear;
    ops::LinearChange& to = out_.Change(linear);
    if (change.weight) Replace(change, target, to);
    if (change.low_rank() && target.turned) {
      BindTurned(change, target, to);
    } else if (change.low_rank()) {
      BindPair(change, target, to);
    }
    return BindBias(change, target, to);
  }

  void BindPair(const ModuleChange& change, const ModuleTarget& target, ops::LinearChange& to) {
    const Matrix a(*change.a, options_.halves), b(*change.b, options_.halves);
    const size_t rank = static_cast<size_t>(change.rank), out = target.linear->out();
    const size_t row_bytes = b.view.bytes / static_cast<size_t>(b.view.shape[0]);
    std::vector<std::byte> rows(out * row_bytes);
    for (size_t row = 0; row < out; ++row) {
      std::memcpy(&rows[row * row_bytes], b.view.data + RowOf(target, row) * row_bytes, row_bytes);
    }
    const TensorView reordered{b.view.dtype,
                               {static_cast<int64_t>(out), static_cast<int64_t>(rank)},
                               rows.data(), rows.size()};
    to.low_rank = ops::LowRank::Copy(a.view, reordered,
                                     static_cast<float>(change.scale) * a.factor * b.factor);
  }

  // The layer is (B A)^T of these rows: A^T times the rows of B, turned.
  void BindTurned(const ModuleChange& change, const ModuleTarget& target, ops::LinearChange& to) {
    const std::vector<float> a = Floats(*change.a), b = Floats(*change.b);
    const auto rank = static_cast<size_t>(change.rank);
    const size_t in = target.linear->in(), out = target.linear->out();
    std::vector<float> down(rank * in);
    for (size_t j = 0; j < rank; ++j) {
      for (size_t i = 0; i < in; ++i) down[j * in + i] = b[RowOf(target, i) * rank + j];
    }
    const std::vector<float> up = Transposed(a, rank, out);
    to.low_rank = ops::LowRank::Copy(ViewOf(down, rank, in), ViewOf(up, out, rank),
                                     static_cast<float>(change.scale));
  }

  static void Replace(const ModuleChange& change, const ModuleTarget& target,
                      ops::LinearChange& to) {
    const ops::Linear& linear = *target.linear;
    const size_t in = linear.in(), out = linear.out();
    std::vector<float> values = Floats(*change.weight);
    if (change.module->transposed) values = Transposed(values, in, values.size() / in);
    to.replaced_values.resize(out * in);
    for (size_t row = 0; row < out; ++row) {
      std::memcpy(&to.replaced_values[row * in], &values[RowOf(target, row) * in],
                  in * sizeof(float));
    }
    to.replaced.weight = ViewOf(to.replaced_values, out, in);
    to.replaced.bias = linear.bias;
  }

  // What follows the product: y = row_scale * y + bias_change brings the bias, which y holds already,
  // to its new value.
  Status BindBias(const ModuleChange& change, const ModuleTarget& target, ops::LinearChange& to) {
    if (!change.bias && !change.b_bias && !change.magnitude) return {};
    const ops::Linear& linear = *target.linear;
    const size_t out = linear.out();
    if (change.magnitude) to.row_scale = RowScales(change, target, to);
    const std::vector<float> bias = change.bias ? Floats(*change.bias) : std::vector<float>(),
                             added = change.b_bias ? Floats(*change.b_bias) : std::vector<float>();
    if (!bias.empty() && linear.bias.empty()) return Refuse(change, "its base has no bias");
    to.bias_change.resize(out);
    for (size_t row = 0; row < out; ++row) {
      const size_t from = RowOf(target, row);
      const double old = linear.bias.empty() ? 0.0 : static_cast<double>(linear.bias[row]);
      double wanted = bias.empty() ? old : static_cast<double>(bias[from]);
      if (!added.empty()) wanted += change.scale * static_cast<double>(added[from]);
      const double scale = to.row_scale.empty() ? 1.0 : static_cast<double>(to.row_scale[row]);
      to.bias_change[row] = static_cast<float>(wanted - scale * old);
    }
    return {};
  }

  // DoRA: what brings each row of W + scale B A to its length.
  std::vector<float> RowScales(const ModuleChange& change, const ModuleTarget& target,
                               const ops::LinearChange& to) {
    const tensor::TensorView& weight =
        to.replaced.present() ? to.replaced.weight : target.linear->weight;
    const size_t in = target.linear->in(), out = target.linear->out();
    const auto rank = static_cast<size_t>(change.low_rank() ? change.rank : 0);
    const std::vector<double> a = rank ? Doubles(*change.a) : std::vector<double>(),
                              b = rank ? Doubles(*change.b) : std::vector<double>(),
                              length = Doubles(*change.magnitude);
    std::vector<float> scales(out);
    targets_.pool().ParallelFor(out, 4, [&](size_t begin, size_t end, int) {
      std::vector<float> row(in);
      std::vector<double> sum(in);
      for (size_t r = begin; r < end; ++r) {
        const size_t from = RowOf(target, r);
        ops::DequantizeRow(weight, r, row.data());
        sum.assign(row.begin(), row.end());
        for (size_t j = 0; j < rank; ++j) {
          const double factor = change.scale * b[from * rank + j];
          for (size_t i = 0; i < in; ++i) sum[i] += factor * a[j * in + i];
        }
        double squares = 0;
        for (double v : sum) squares += v * v;
        scales[r] = static_cast<float>(squares > 0 ? length[from] / std::sqrt(squares) : 0.0);
      }
    });
    return scales;
  }

  Status BindTable(const ModuleChange& change, const ModuleTarget& target) {
    ops::TableChange& to = out_.Change(*target.table);
    const auto rows = static_cast<size_t>(target.table->shape[0]),
               width = static_cast<size_t>(target.table->shape[1]);
    if (change.weight) to.replaced_values = Floats(*change.weight);
    if (change.low_rank()) {
      const auto rank = static_cast<size_t>(change.rank);
      const Matrix b(*change.b, /*to_halves=*/false);
      const std::vector<float> a = Floats(*change.a);
      // B is laid out for the products; of A each token's column becomes a row.
      to.low_rank = ops::LowRank::Copy(ViewOf(a, rank, rows), b.view, static_cast<float>(change.scale));
      const std::vector<float> by_token = Transposed(a, rank, rows);
      to.low_rank.a_values.resize(by_token.size() * sizeof(float));
      std::memcpy(to.low_rank.a_values.data(), by_token.data(), by_token.size() * sizeof(float));
      to.low_rank.a = {DType::kF32,
                       {static_cast<int64_t>(rows), static_cast<int64_t>(rank)},
                       to.low_rank.a_values.data(), to.low_rank.a_values.size()};
    }
    if (change.tokens) {
      const std::vector<float> values = Floats(*change.tokens);
      for (size_t i = 0; i < change.rows.size(); ++i) {
        const auto at = values.begin() + static_cast<std::ptrdiff_t>(i * width);
        to.replaced_rows[static_cast<int32_t>(change.rows[i])].assign(
            at, at + static_cast<std::ptrdiff_t>(width));
      }
    }
    if (!target.tied_head || change.saved_whole) return {};
    return BindTiedHead(change, target, width);
  }

  // A head that is the embedding sees its new rows, not a low-rank part of it.
  Status BindTiedHead(const ModuleChange& change, const ModuleTarget& target, size_t width) {
    if (!change.weight && !change.tokens) return {};
    ops::LinearChange& to = out_.Change(*target.tied_head);
    if (to.replaced.present()) return {};  // saved whole: a matrix of its own now
    const size_t out = target.tied_head->out();
    if (change.weight) {
      to.replaced_values = Floats(*change.weight);
      to.replaced.weight = ViewOf(to.replaced_values, out, width);
      to.replaced.bias = target.tied_head->bias;
    }
    if (!change.tokens) return {};
    // new - old for these rows: a pair with one column a row.
    const size_t count = change.rows.size(), most = kTiedBytesMax / sizeof(float) / (out + width);
    if (count > most) {
      return Refuse(change, StrCat("trains ", count, " rows that its head sees, more than the ", most,
                                   " that are done beside others"));
    }
    if (to.low_rank.present()) return Refuse(change, "its head is adapted, too");
    std::vector<float> down = Floats(*change.tokens), up(out * count), row(width);
    for (size_t i = 0; i < count; ++i) {
      ops::DequantizeRow(to.replaced.present() ? to.replaced.weight : target.tied_head->weight,
                         static_cast<size_t>(change.rows[i]), row.data());
      for (size_t d = 0; d < width; ++d) down[i * width + d] -= row[d];
      up[static_cast<size_t>(change.rows[i]) * count + i] = 1.0f;
    }
    to.low_rank = ops::LowRank::Copy(ViewOf(down, count, width), ViewOf(up, out, count), 1.0f);
    return {};
  }

  Status BindNorm(const ModuleChange& change, const ModuleTarget& target) {
    if (change.low_rank() || change.b_bias || change.magnitude || change.tokens) {
      return Refuse(change, "is a norm");
    }
    ops::NormWeights& to = out_.Change(*target.norm);
    to = *target.norm;
    if (change.weight) {
      to.weight = Floats(*change.weight);
      for (float& w : to.weight) w += targets_.NormOffset(adapter_.base());
    }
    if (change.bias) {
      if (target.norm->bias.empty()) return Refuse(change, "its base has no bias");
      to.bias = Floats(*change.bias);
    }
    return {};
  }

  const Adapter& adapter_;
  const ModuleTargets& targets_;
  const BindOptions options_;
  ops::AdapterWeights& out_;
};

Result<std::shared_ptr<const nn::BoundAdapter>> Bind(const Adapter& adapter,
                                                     const ModuleTargets& targets,
                                                     BindOptions options) {
  auto bound = std::make_shared<nn::BoundAdapter>();
  bound->name = adapter.path();
  PANO_RETURN_IF_ERROR(Binding(adapter, targets, options, bound->weights).Bind());
  bound->weights.Gather();
  return std::shared_ptr<const nn::BoundAdapter>(std::move(bound));
}

}  // namespace

Result<std::shared_ptr<const nn::BoundAdapter>> BindAdapter(const Adapter& adapter,
                                                            const nn::Model& model,
                                                            BindOptions options) {
  const nn::Decoder* decoder = model.AsDecoder();
  if (!decoder) {
    return Unimplemented(
        StrCat(adapter.path(), ": models that are divided among ranks take no adapters"));
  }
  return Bind(adapter, ModuleTargets(*decoder), options);
}

Result<std::shared_ptr<const nn::BoundAdapter>> BindAdapter(const Adapter& adapter,
                                                            const encoder::Encoder& encoder,
                                                            BindOptions options) {
  if (!encoder.AsTowers()) {
    return Unimplemented(StrCat(adapter.path(), ": this encoder takes no adapters"));
  }
  return Bind(adapter, ModuleTargets(encoder), options);
}

}  // namespace pano::adapter
