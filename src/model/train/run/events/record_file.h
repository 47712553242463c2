#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::train {

// One record of a TFRecord file, which TensorBoard's event files are: length (u64), masked CRC-32C
// of it, payload, masked CRC-32C of that; little-endian. docs/formats/tensorboard.md.
std::string FrameRecord(std::string_view payload);

struct Record {
  uint32_t masked_crc_length = 0;
  uint32_t masked_crc_data = 0;
  std::string_view payload;  // points into the file
};

inline constexpr uint64_t kRecordBytesMax = 64 << 20;

// Takes the next record off the front of a file. Corruption, leaving `file`, for a checksum that is
// wrong, a length beyond kRecordBytesMax, and ("cut_off" as the reason) where the file ends within
// the record: what a writer that was killed leaves.
Result<Record> TakeRecord(std::string_view& file);

}  // namespace pano::train
