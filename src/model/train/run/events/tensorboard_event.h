#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::train {

// A number under a tag.
struct TensorBoardScalar {
  // Where a summary's value holds it: a plain float, or (newer writers) a tensor of one float with
  // the plugin's name "scalars".
  enum class Field { kSimpleValue, kTensor };
  std::string tag;
  float value = 0;
  Field field = Field::kSimpleValue;
};

// One event of a TensorBoard file: tensorflow/core/util/event.proto, the part that scalars need.
struct TensorBoardEvent {
  double wall_time = 0;  // seconds since 1970
  int64_t step = 0;
  std::string file_version = {};   // "brain.Event:2" in the first event
  std::string source_writer = {};  // beside it: who writes
  bool session_start = false;  // drops what an earlier run wrote from `step` on
  std::vector<TensorBoardScalar> scalars = {};
};

inline constexpr char kTensorBoardVersion[] = "brain.Event:2";

// The bytes of its protocol buffer message, fields in ascending order.
std::string EncodeTensorBoardEvent(const TensorBoardEvent& event);
// Corruption for bytes that are no such message. Fields of other kinds (images, graphs) are passed
// over, and values that are no scalar are left out.
Result<TensorBoardEvent> DecodeTensorBoardEvent(std::string_view bytes);

}  // namespace pano::train
