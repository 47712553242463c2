#include "model/train/ops/attention.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "model/kernels/isa.h"
#include "model/train/ops/fused.h"
#include "model/train/ops/matrix_product.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kBlock = 64;           // queries at once
constexpr float kUnseen = -1e29f;        // a bias below: not looked at

struct Sizes {
  int64_t batch, length, heads, kv, size, value;

  Sizes(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v)
      : batch(q.size(0)), length(q.size(1)), heads(q.size(2)), kv(k.size(2)), size(q.size(3)), value(v.size(3)) {
    PANO_CHECK(kv > 0 && heads % kv == 0 && k.size(1) == length && v.size(1) == length && v.size(2) == kv);
  }
  int64_t group() const { return heads / kv; }
  int64_t query_stride() const { return heads * size; }
  int64_t key_stride() const { return kv * size; }
  int64_t value_stride() const { return kv * value; }
  int64_t out_stride() const { return heads * value; }
};

// Queries [begin, end) of a head of a text, and the keys [first, last) that any of them looks at.
struct Block {
  int64_t text, head, kv_head;
  int64_t begin, end, first, last;
  const float* bias;  // of the first query and key 0; rows lie `length` apart

  int64_t rows() const { return end - begin; }
  int64_t keys() const { return last - first; }
};

// f(block, scratch) for all blocks of the heads that share the keys of (text, kv_head).
template <typename F>
void ForBlocks(const Sizes& s, const ScoreBias& bias, int64_t text, int64_t kv_head, F f) {
  const int64_t rows = s.group() * s.length;
  const int64_t which = bias.values.size(0) == 1 ? 0 : text * s.kv + kv_head;
  const float* values = bias.values.data_ptr<float>() + which * rows * s.length;
  const int32_t* range = bias.range.data_ptr<int32_t>() + which * rows * 2;
  for (int64_t g = 0; g < s.group(); ++g) {
    for (int64_t begin = 0; begin < s.length; begin += kBlock) {
      Block b{text, kv_head * s.group() + g, kv_head, begin, std::min(begin + kBlock, s.length), s.length, 0, nullptr};
      const int64_t row = g * s.length + begin;
      for (int64_t i = row; i < row + b.rows(); ++i) {
        b.first = std::min<int64_t>(b.first, range[2 * i]);
        b.last = std::max<int64_t>(b.last, range[2 * i + 1]);
      }
      b.bias = values + row * s.length;
      f(b);
    }
  }
}

Matrix HeadRows(const float* data, int64_t text, int64_t row, int64_t head, int64_t length, int64_t stride,
                int64_t size, bool transposed = false) {
  return {data + (text * length + row) * stride + head * size, stride, transposed};
}

struct Pointers {
  const float *q, *k, *v;
};

// q k^T of a block, [rows, keys].
void Scores(const Sizes& s, const Block& b, const Pointers& in, float* scores) {
  Multiply(b.rows(), b.keys(), s.size, HeadRows(in.q, b.text, b.begin, b.head, s.length, s.query_stride(), s.size),
           HeadRows(in.k, b.text, b.first, b.kv_head, s.length, s.key_stride(), s.size, true), 0, scores, b.keys());
}

struct AttendFunction : torch::autograd::Function<AttendFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& queries, const at::Tensor& keys,
                            const at::Tensor& values, const at::Tensor& bias_values, const at::Tensor& range,
                            double scale) {
    const at::Tensor q = queries.contiguous(), k = keys.contiguous(), v = values.contiguous();
    const Sizes s(q, k, v);
    ScoreBias bias;
    bias.values = bias_values;
    bias.range = range;
    at::Tensor out = at::empty({s.batch, s.length, s.out_stride()}, q.options());
    at::Tensor log_sums = at::empty({s.batch, s.heads, s.length}, q.options());
    const Pointers in{q.data_ptr<float>(), k.data_ptr<float>(), v.data_ptr<float>()};
    float *to = out.data_ptr<float>(), *log_sum = log_sums.data_ptr<float>();
    const auto softmax = kernels::SelectIsa().training.softmax;
    at::parallel_for(0, s.batch * s.kv, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> scores(static_cast<size_t>(kBlock * s.length));
      for (int64_t task = begin; task < end; ++task) {
        ForBlocks(s, bias, task / s.kv, task % s.kv, [&](const Block& b) {
          Scores(s, b, in, scores.data());
          float* sums = log_sum + (b.text * s.heads + b.head) * s.length + b.begin;
          for (int64_t i = 0; i < b.rows(); ++i) {
            sums[i] = softmax(scores.data() + i * b.keys(), b.bias + i * s.length + b.first,
                              static_cast<float>(scale), static_cast<size_t>(b.keys()));
          }
          Multiply(b.rows(), s.value, b.keys(), {scores.data(), b.keys()},
                   HeadRows(in.v, b.text, b.first, b.kv_head, s.length, s.value_stride(), s.value), 0,
                   to + (b.text * s.length + b.begin) * s.out_stride() + b.head * s.value, s.out_stride());
        });
      }
    });
    context->save_for_backward({q, k, v, bias_values, range, log_sums});
    context->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const at::Tensor dout = gradients[0].contiguous();
    const Sizes s(q, k, v);
    ScoreBias bias;
    bias.values = saved[3];
    bias.range = saved[4];
    const auto scale = static_cast<float>(context->saved_data["scale"].toDouble());
    at::Tensor dq = at::empty(q.sizes(), q.options()), dk = at::zeros(k.sizes(), q.options());
    at::Tensor dv = at::zeros(v.sizes(), q.options());
    const Pointers in{q.data_ptr<float>(), k.data_ptr<float>(), v.data_ptr<float>()};
    const float *from = dout.data_ptr<float>(), *log_sum = saved[5].data_ptr<float>();
    float *to_q = dq.data_ptr<float>(), *to_k = dk.data_ptr<float>(), *to_v = dv.data_ptr<float>();
    const kernels::TrainingKernels& kernels = kernels::SelectIsa().training;
    at::parallel_for(0, s.batch * s.kv, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> p(static_cast<size_t>(kBlock * s.length)), dp(p.size());
      for (int64_t task = begin; task < end; ++task) {
        ForBlocks(s, bias, task / s.kv, task % s.kv, [&](const Block& b) {
          const Matrix d = HeadRows(from, b.text, b.begin, b.head, s.length, s.out_stride(), s.value);
          Scores(s, b, in, p.data());
          const float* sums = log_sum + (b.text * s.heads + b.head) * s.length + b.begin;
          Multiply(b.rows(), b.keys(), s.value, d,
                   HeadRows(in.v, b.text, b.first, b.kv_head, s.length, s.value_stride(), s.value, true), 0, dp.data(),
                   b.keys());
          const auto keys = static_cast<size_t>(b.keys());
          for (int64_t i = 0; i < b.rows(); ++i) {
            float *row = p.data() + i * b.keys(), *d_row = dp.data() + i * b.keys();
            kernels.softmax_again(row, b.bias + i * s.length + b.first, scale, sums[i], keys);
            kernels.softmax_backward(row, d_row, scale, keys);
          }
          const int64_t key_at = (b.text * s.length + b.first), query_at = b.text * s.length + b.begin;
          const Matrix weights{p.data(), b.keys(), true}, slopes{dp.data(), b.keys()};
          Multiply(b.keys(), s.value, b.rows(), weights, {d.data, d.stride}, 1,
                   to_v + key_at * s.value_stride() + b.kv_head * s.value, s.value_stride());
          Multiply(b.rows(), s.size, b.keys(), slopes,
                   HeadRows(in.k, b.text, b.first, b.kv_head, s.length, s.key_stride(), s.size), 0,
                   to_q + query_at * s.query_stride() + b.head * s.size, s.query_stride());
          Multiply(b.keys(), s.size, b.rows(), {slopes.data, slopes.stride, true},
                   HeadRows(in.q, b.text, b.begin, b.head, s.length, s.query_stride(), s.size), 1,
                   to_k + key_at * s.key_stride() + b.kv_head * s.size, s.key_stride());
        });
      }
    });
    return {dq, dk, dv, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

// Any type, by whole matrices of scores.
at::Tensor AttendByTorch(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                         const at::Tensor& bias, double scale, double softcap, const Rounding& round) {
  const Sizes s(queries, keys, values);
  auto low = [&](const at::Tensor& x) { return round ? round(x) : x; };
  // Queries that share a key head stand below each other: one product for all of them.
  at::Tensor q = queries.view({s.batch, s.length, s.kv, s.group(), s.size}).permute({0, 2, 3, 1, 4});
  q = q.reshape({s.batch * s.kv, s.group() * s.length, s.size});
  const at::Tensor k = keys.permute({0, 2, 3, 1}).reshape({s.batch * s.kv, s.size, s.length});
  const at::Tensor v = values.permute({0, 2, 1, 3}).reshape({s.batch * s.kv, s.length, s.value});
  at::Tensor scores;
  if (!round && softcap <= 0) {
    scores = at::baddbmm(bias, q, k, 1, scale);
  } else {
    scores = low(at::bmm(low(q), low(k))) * scale;
    scores = (softcap > 0 ? at::tanh(scores / softcap) * softcap : scores) + bias;
  }
  const at::Tensor out = low(at::bmm(low(at::softmax(scores, -1)), low(v)));
  return out.view({s.batch, s.kv, s.group(), s.length, s.value})
      .permute({0, 3, 1, 2, 4})
      .reshape({s.batch, s.length, s.out_stride()});
}

}  // namespace

ScoreBias::ScoreBias(at::Tensor bias) : values(bias.contiguous()) {
  if (!TakesKernels({values})) return;
  const int64_t rows = values.size(0) * values.size(1), length = values.size(2);
  range = at::empty({values.size(0), values.size(1), 2}, at::kInt);
  const float* x = values.data_ptr<float>();
  int32_t* to = range.data_ptr<int32_t>();
  at::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* row = x + i * length;
      auto bounds = [&](float least) {
        int64_t first = 0, last = length;
        while (first < length && !(row[first] > least)) ++first;
        while (last > first && !(row[last - 1] > least)) --last;
        return std::pair(first, last);
      };
      auto [first, last] = bounds(kUnseen);
      if (first == last) std::tie(first, last) = bounds(-INFINITY);
      if (first == last) std::tie(first, last) = std::pair<int64_t, int64_t>(0, length);
      to[2 * i] = static_cast<int32_t>(first);
      to[2 * i + 1] = static_cast<int32_t>(last);
    }
  });
}

at::Tensor Attend(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values, const ScoreBias& bias,
                  double scale, double softcap, const Rounding& round) {
  if (round || softcap > 0 || !bias.range.defined() || !TakesKernels({queries, keys, values})) {
    return AttendByTorch(queries, keys, values, bias.values, scale, softcap, round);
  }
  return AttendFunction::apply(queries, keys, values, bias.values, bias.range, scale);
}

}  // namespace pano::train
