// Elementwise work and norms: rows are shared out to threads, four at least to each, and every row
// is computed as if it were alone.
#include "model/ops/cpu/cpu_operators.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "base/threads.h"
#include "infra/device/cpu_device.h"
#include "model/kernels/rope/rope.h"
#include "model/ops/cpu/row_grain.h"

namespace pano::ops {
namespace {

// to += scale * from. In blocks of sixteen, of which compilers make vectors also where they do not look for
// more than they are told.
void AddTo(float* __restrict to, const float* __restrict from, size_t count, float scale) {
  constexpr size_t kBlock = 16;
  const size_t whole = count / kBlock * kBlock;
  for (size_t d = 0; d < whole; d += kBlock) {
    for (size_t i = 0; i < kBlock; ++i) to[d + i] += scale * from[d + i];
  }
  for (size_t d = whole; d < count; ++d) to[d] += scale * from[d];
}

}  // namespace

CpuOperators::CpuOperators(std::shared_ptr<device::Device> device, Compute compute)
    : device_(std::move(device)), compute_(compute), isa_(kernels::SelectIsa()) {
  static_assert(kBlockTokens == kernels::kAttentionBlock);
  static_assert(static_cast<int>(KvType::kInt8) == static_cast<int>(kernels::KvFormat::kInt8));
}

void CpuOperators::FitWorkers(OpContext& context) {
  const auto threads = static_cast<size_t>(context.pool().threads());
  if (workers_.size() < threads) workers_.resize(threads);
}

void CpuOperators::Embedding(OpContext& context, const tensor::TensorView& table,
                             std::span<const int32_t> ids, float scale, bool accumulate, Rows out) {
  FitWorkers(context);
  const size_t width = out.width;
  context.pool().ParallelFor(ids.size(), kRowGrain, [&](size_t begin, size_t end, int worker) {
    std::vector<float>& row = WorkerOf(worker).scratch;
    if (accumulate && row.size() < width) row.resize(width);
    for (size_t r = begin; r < end; ++r) {
      float* to = accumulate ? row.data() : out.row(r);
      kernels::DequantiseRow(table, static_cast<size_t>(ids[r]), to);
      if (scale != 1.0f) {
        for (size_t d = 0; d < width; ++d) to[d] *= scale;
      }
      if (!accumulate) continue;
      AddTo(out.row(r), row.data(), width, 1.0f);
    }
  });
}

void CpuOperators::Norm(OpContext& context, const NormArgs& args, ConstRows x, Rows y) {
  NormAll(context, args, x, {}, 1.0f, y);
}

void CpuOperators::AddNorm(OpContext& context, const NormArgs& args, ConstRows added, float scale,
                           Rows x) {
  NormAll(context, args, x, added, scale, x);
}

// y = x + scale * added, where there is one, normed.
void CpuOperators::NormAll(OpContext& context, const NormArgs& args, ConstRows x, ConstRows added,
                           float scale, Rows y) {
  const kernels::NormFn norm = args.kind == NormKind::kRms ? isa_.rms_norm : isa_.layer_norm;
  const size_t width = x.width / args.parts;
  const size_t weight_stride = args.weight_per_part ? width : 0;
  context.pool().ParallelFor(x.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t p = 0; p < args.parts; ++p) {
      const size_t column = p * width;
      norm({.x = x.row(begin) + column,
            .x_stride = x.stride,
            .added = added.data ? added.row(begin) + column : nullptr,
            .added_stride = added.stride,
            .added_scale = scale,
            .y = y.row(begin) + column,
            .y_stride = y.stride,
            .rows = end - begin,
            .width = width,
            .weight = args.weight + p * weight_stride,
            .bias = args.bias,
            .epsilon = args.epsilon});
    }
  });
}

void CpuOperators::Activate(OpContext& context, Activation f, Rows x) {
  const kernels::ActivateFn activate = isa_.activation(f).plain;
  context.pool().ParallelFor(x.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    activate(x.row(begin), (end - begin) * x.width);
  });
}

void CpuOperators::GatedActivate(OpContext& context, Activation f, Rows gate, ConstRows up) {
  const kernels::GatedActivateFn activate = isa_.activation(f).gated;
  context.pool().ParallelFor(gate.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) activate(gate.row(r), up.row(r), gate.width);
  });
}

void CpuOperators::Add(OpContext& context, Rows x, ConstRows y, float scale) {
  context.pool().ParallelFor(x.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) AddTo(x.row(r), y.row(r), x.width, scale);
  });
}

void CpuOperators::Copy(OpContext& context, ConstRows from, Rows to) {
  context.pool().ParallelFor(to.rows, kCopyGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) std::copy_n(from.row(r), from.width, to.row(r));
  });
}

void CpuOperators::Fill(OpContext& context, float value, Rows x) {
  context.pool().ParallelFor(x.rows, kCopyGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) std::fill_n(x.row(r), x.width, value);
  });
}

void CpuOperators::ScaleSoftcap(OpContext& context, float scale, float softcap, Rows x) {
  context.pool().ParallelFor(x.rows, 1, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      for (float& value : std::span(x.row(r), x.width)) {
        value *= scale;
        if (softcap > 0.0f) value = softcap * std::tanh(value / softcap);
      }
    }
  });
}

void CpuOperators::RotaryAngles(OpContext& context, std::span<const double> frequencies,
                                std::span<const int64_t> position_ids, double factor, Rows cos,
                                Rows sin) {
  context.pool().ParallelFor(position_ids.size(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      float *c = cos.row(r), *s = sin.row(r);
      for (size_t i = 0; i < frequencies.size(); ++i) {
        const double angle = static_cast<double>(position_ids[r]) * frequencies[i];
        c[i] = static_cast<float>(std::cos(angle) * factor);
        s[i] = static_cast<float>(std::sin(angle) * factor);
      }
    }
  });
}

void CpuOperators::Rotary(OpContext& context, ConstRows cos, ConstRows sin, bool interleaved,
                          size_t heads, size_t head_stride, Rows x) {
  const auto rotate = interleaved ? kernels::RopeInterleaved : kernels::RopeHalves;
  context.pool().ParallelFor(x.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      for (size_t h = 0; h < heads; ++h) {
        rotate(x.row(r) + h * head_stride, cos.row(r), sin.row(r), 2 * cos.width);
      }
    }
  });
}

void CpuOperators::GatherRows(OpContext& context, std::span<const int32_t> rows, ConstRows from,
                              Rows to) {
  context.pool().ParallelFor(rows.size(), kCopyGrain, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end; ++i) {
      std::copy_n(from.row(static_cast<size_t>(rows[i])), from.width, to.row(i));
    }
  });
}

void CpuOperators::ScatterAddRows(OpContext& context, std::span<const int32_t> rows,
                                  std::span<const float> weights, ConstRows from, Rows to) {
  context.pool().ParallelFor(rows.size(), kCopyGrain, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end; ++i) {
      float* sum = to.row(static_cast<size_t>(rows[i]));
      const float* row = from.row(i);
      for (size_t d = 0; d < from.width; ++d) sum[d] += weights[i] * row[d];
    }
  });
}

void CpuOperators::ScaleBySigmoid(OpContext& context, ConstRows gate, Rows x) {
  context.pool().ParallelFor(x.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      const float weight = 1.0f / (1.0f + std::exp(-*gate.row(r)));
      for (float& value : std::span(x.row(r), x.width)) value *= weight;
    }
  });
}

Result<std::unique_ptr<Operators>> CreateOperators(std::shared_ptr<device::Device> device,
                                                   Compute compute) {
  if (device->kind() == device::DeviceKind::kCpu) {
    return std::unique_ptr<Operators>(std::make_unique<CpuOperators>(std::move(device), compute));
  }
  return Unimplemented(StrCat("[ops] device ", device->name(), ": no operators for kind ",
                              device::DeviceKindName(device->kind())));
}

std::unique_ptr<OpContext> CreateCpuContext(Compute compute, ComputePool& pool,
                                            collective::Communicator* communicator) {
  auto device = std::make_shared<device::CpuDevice>(kernels::ActiveCpuMask());
  return std::make_unique<OpContext>(std::make_unique<CpuOperators>(std::move(device), compute),
                                     pool, communicator);
}

}  // namespace pano::ops
