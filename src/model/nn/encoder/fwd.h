#pragma once

#include <cstdint>

namespace pano::encoder {

class Encoder;
enum class Task : uint8_t;
struct EncoderBatch;
struct EncoderConfig;
struct EncoderInfo;
struct Output;
struct OutputInfo;
struct TextRow;

}  // namespace pano::encoder
