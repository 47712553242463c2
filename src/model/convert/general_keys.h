#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fwd.h"
#include "model/convert/row_tensor.h"
#include "model/format/fwd.h"
#include "model/format/gguf_write.h"

namespace pano::convert {

// general.file_type: the number that stands for files which mostly hold `dtype`.
uint32_t FileTypeNumber(tensor::DType dtype);

// general.*: architecture, name, size, types, sampling defaults of generation_config.json.
std::vector<format::GgufEntry> GeneralKeys(std::string_view architecture,
                                           const format::ModelFiles& files,
                                           const std::vector<RowTensor>& tensors);

// generation_config.json from the same keys and the ids of the vocabulary.
json::Value GenerationConfig(const json::Value& metadata);

}  // namespace pano::convert
