#include "model/train/ops/matrix_product.h"

#include <ATen/Parallel.h>
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <atomic>

#include "base/check.h"

namespace pano::train {
namespace {

std::atomic<bool> fixed_order{false};

// Whether at::parallel_for has threads: it is compiled with what includes it.
#ifdef _OPENMP
constexpr bool kLoopsInParallel = true;
#else
constexpr bool kLoopsInParallel = false;
#endif

void MultiplyAtOnce(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float keep, float* c,
                    int64_t c_stride) {
  const dnnl_status_t status =
      dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k, 1.0f, a.data, a.stride,
                 b.data, b.stride, keep, c, c_stride);
  PANO_CHECK(status == dnnl_success);
}

}  // namespace

FixedProductOrder::FixedProductOrder() { fixed_order = true; }
FixedProductOrder::~FixedProductOrder() { fixed_order = false; }

void Multiply(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float keep, float* c,
              int64_t c_stride) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) c[i * c_stride + j] *= keep;
    }
    return;
  }
  if (!fixed_order || at::in_parallel_region()) {
    return MultiplyAtOnce(m, n, k, a, b, keep, c, c_stride);
  }
  // Blocks of rows that depend on the shape alone, each on one thread. Two at least: a loop of one
  // block would run outside of a parallel region, where the product takes threads of its own.
  const int64_t block = std::max<int64_t>(1, std::min<int64_t>(128, m / 2)), blocks = (m + block - 1) / block;
  const int threads = at::get_num_threads();
  const bool alone = blocks == 1 || !kLoopsInParallel;
  if (alone) at::set_num_threads(1);
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * block; i < std::min(end * block, m); i += block) {
      const float* rows = a.data + (a.transposed ? i : i * a.stride);
      MultiplyAtOnce(std::min(block, m - i), n, k, {rows, a.stride, a.transposed}, b, keep,
                     c + i * c_stride, c_stride);
    }
  });
  if (alone) at::set_num_threads(threads);
}

}  // namespace pano::train
