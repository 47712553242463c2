#pragma once

// Lanes of the instruction set that the including file is compiled for: the file says so by
// including its lanes_<set>.h first, which defines PANO_LANES; without one they are plain C++.
#ifndef PANO_LANES
#include "model/kernels/simd/lanes_generic.h"
#endif
