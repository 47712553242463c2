#pragma once

namespace pano::train {

// How many threads torch and its BLAS use inside one operation.
void SetTorchThreads(int count);

}  // namespace pano::train
