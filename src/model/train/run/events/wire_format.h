#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::train {

// Protocol buffers' wire format (protobuf.dev/programming-guides/encoding): what event files need.

enum class WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void AppendVarint(std::string& out, uint64_t value);
void AppendTag(std::string& out, uint32_t field, WireType type);
void AppendInt(std::string& out, uint32_t field, int64_t value);
void AppendDouble(std::string& out, uint32_t field, double value);
void AppendFloat(std::string& out, uint32_t field, float value);
void AppendBytes(std::string& out, uint32_t field, std::string_view bytes);

// A field of a message; `bytes` points into the message.
struct WireField {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t integer = 0;    // kVarint, and the bits of kFixed64 and kFixed32
  std::string_view bytes;  // kBytes

  double as_double() const;  // of kFixed64
  float as_float() const;    // of kFixed32
};

// Takes the next field off the front of a message. Corruption for a varint of more than ten bytes, a
// length beyond the message's end, the field number 0 and for groups, which nobody writes any more.
Result<WireField> TakeField(std::string_view& message);

}  // namespace pano::train
