#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace pano::tokenizer {

// One field of a protocol buffer message, as the wire format has it.
struct WireField {
  enum class Type { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  uint32_t number = 0;
  Type type = Type::kVarint;
  uint64_t value = 0;            // of all types but kBytes
  std::string_view bytes;        // of kBytes; looks into the message

  // Corruption "field N: ..." when it has another type.
  Result<bool> Bool() const;
  Result<int64_t> Int() const;
  Result<float> Float() const;
  Result<std::string_view> Bytes() const;

 private:
  Status Expect(Type wanted) const;
};

// Reads a message field by field, never outside it. Confined to one thread.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}
  // Fills `field`; false at the end. Corruption for what is no message (groups included: no file we
  // read has them).
  Result<bool> Next(WireField& field);

 private:
  Result<uint64_t> Varint();
  Result<uint64_t> Fixed(size_t bytes);
  std::string_view rest_;
};

}  // namespace pano::tokenizer
