#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/format/tensor_table.h"

namespace pano::format {

struct SafetensorsContents {
  std::vector<NamedTensor> tensors;  // in the order of the header; views into the file
  json::Value metadata;              // "__metadata__": an object of strings, or null
};

// Reads the bytes of a whole safetensors file and checks all that it claims: sizes against shapes,
// and that the tensors' ranges fill the data with neither overlap nor hole. Failures name the
// tensor and the field, not the file: the caller wraps them with its path.
Result<SafetensorsContents> ParseSafetensors(std::span<const std::byte> file);

// The same for the file at `path`, mapped; failures name it.
struct SafetensorsFile {
  TensorFile file;
  json::Value metadata;
};
Result<SafetensorsFile> MapSafetensors(const std::string& path);

}  // namespace pano::format
