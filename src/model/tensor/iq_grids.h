#pragma once

#include <cstdint>

namespace pano::tensor {

// The tables of the IQ types: row i holds the four or eight numbers that index i stands for. Made
// once, on first use; thread-safe.
const int8_t* Iq1Grid();      // 2048 rows of 8, out of -1, 0, 1
const int8_t* Iq2XxsGrid();   // 256 rows of 8
const int8_t* Iq2XsGrid();    // 512 rows of 8
const int8_t* Iq2SGrid();     // 1024 rows of 8
const int8_t* Iq3XxsGrid();   // 256 rows of 4
const int8_t* Iq3SGrid();     // 512 rows of 4

}  // namespace pano::tensor
