#include "model/train/torch_threads.h"

#include <ATen/Parallel.h>

// Torch does not steer the threads of the BLAS under it; OpenBLAS has this, others may not.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int count);

namespace pano::train {

void SetTorchThreads(int count) {
  at::set_num_threads(count);
  if (openblas_set_num_threads) openblas_set_num_threads(count);
}

}  // namespace pano::train
