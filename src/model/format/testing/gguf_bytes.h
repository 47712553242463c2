#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/format/gguf_types.h"

namespace pano::format {

// Builds the bytes of a GGUF file piece by piece, well-formed or not: counts are what the caller
// says. Thread-compatible.
class GgufBytes {
 public:
  GgufBytes(uint64_t tensor_count, uint64_t key_count, uint32_t version = 3) {
    bytes_ = "GGUF";
    Put(version).Put(tensor_count).Put(key_count);
  }

  template <typename T>
  GgufBytes& Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  GgufBytes& Text(std::string_view text) {
    Put(uint64_t{text.size()});
    bytes_.append(text);
    return *this;
  }
  GgufBytes& Key(std::string_view name, GgufValueType type) {
    return Text(name).Put(static_cast<uint32_t>(type));
  }
  GgufBytes& U32(std::string_view name, uint32_t value) {
    return Key(name, GgufValueType::kU32).Put(value);
  }
  // `sizes`: the innermost first, as the file has them.
  GgufBytes& Tensor(std::string_view name, const std::vector<uint64_t>& sizes, uint32_t type,
                    uint64_t offset) {
    Text(name).Put(static_cast<uint32_t>(sizes.size()));
    for (uint64_t size : sizes) Put(size);
    return Put(type).Put(offset);
  }
  // Pads to the alignment and appends the data.
  GgufBytes& Data(std::string_view data, size_t alignment = 32) {
    bytes_.append((alignment - bytes_.size() % alignment) % alignment, '\0');
    bytes_.append(data);
    return *this;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace pano::format
