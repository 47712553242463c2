#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "model/format/tensor_stream.h"

namespace pano::format {

// A value as its bytes in a file, type included: to copy what json::Value would flatten.
struct GgufRaw {
  std::string bytes;  // the number of its type, then the value
};

// A metadata value with the type that it has in the file: readers insist on it.
using GgufValue =
    std::variant<bool, uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, uint64_t, int64_t,
                 float, double, std::string, std::vector<bool>, std::vector<int32_t>,
                 std::vector<uint32_t>, std::vector<float>, std::vector<std::string>, GgufRaw>;

struct GgufEntry {
  std::string key;
  GgufValue value;
};

// The value as a reader of the file gets it (weights.h); null for GgufRaw.
json::Value ToJson(const GgufValue& value);

// Writes a version 3 file: metadata and tensors in the given order, data aligned to 32 bytes. The
// file appears in one step (AtomicFile). InvalidArgument for what a reader would refuse: an empty or
// repeated name, a type that GGUF has not, more than four dimensions.
Status WriteGguf(const std::string& path, const std::vector<GgufEntry>& metadata,
                 const std::vector<TensorStream>& tensors, Env& env = Env::Real());

// The metadata of a file with its types.
Result<std::vector<GgufEntry>> ReadGgufEntries(const std::string& path);

}  // namespace pano::format
