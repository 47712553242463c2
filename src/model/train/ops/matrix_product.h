#pragma once

#include <cstdint>

namespace pano::train {

// A matrix of floats in rows, or the transpose of one.
struct Matrix {
  const float* data;
  int64_t stride;  // floats between rows, as they lie in memory
  bool transposed = false;
};

// c [m, n] = a [m, k] b [k, n] + keep c, on the threads of libtorch; on the calling thread alone
// inside at::parallel_for. By oneDNN, which libtorch brings along: on small and on narrow matrices
// its products are 1.1 to 1.7 times as fast as OpenBLAS's.
void Multiply(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float keep, float* c,
              int64_t c_stride);

// While one lives, products add in an order that does not depend on the number of threads. Not
// nested; to be made and destroyed where no other thread multiplies.
class FixedProductOrder {
 public:
  FixedProductOrder();
  ~FixedProductOrder();
  FixedProductOrder(const FixedProductOrder&) = delete;
  FixedProductOrder& operator=(const FixedProductOrder&) = delete;
};

}  // namespace pano::train
