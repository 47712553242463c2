#include "model/train/run/events/wire_format.h"

#include <bit>
#include <cstring>

#include "base/strings.h"

namespace pano::train {
namespace {

template <typename T>
void AppendLittleEndian(std::string& out, T value) {
  for (size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

Result<uint64_t> TakeVarint(std::string_view& message) {
  uint64_t value = 0;
  for (size_t i = 0; i < 10; ++i) {
    if (i == message.size()) return Corruption("[protobuf] a number is cut off");
    const auto byte = static_cast<unsigned char>(message[i]);
    if (i == 9 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (!(byte & 0x80)) {
      message.remove_prefix(i + 1);
      return value;
    }
  }
  return Corruption("[protobuf] a number has more than 64 bits");
}

Result<uint64_t> TakeFixed(std::string_view& message, size_t bytes) {
  if (message.size() < bytes) return Corruption("[protobuf] a number is cut off");
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(message[i])) << (8 * i);
  }
  message.remove_prefix(bytes);
  return value;
}

}  // namespace

void AppendVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void AppendTag(std::string& out, uint32_t field, WireType type) {
  AppendVarint(out, (static_cast<uint64_t>(field) << 3) | static_cast<uint32_t>(type));
}

void AppendInt(std::string& out, uint32_t field, int64_t value) {
  AppendTag(out, field, WireType::kVarint);
  AppendVarint(out, static_cast<uint64_t>(value));
}

void AppendDouble(std::string& out, uint32_t field, double value) {
  AppendTag(out, field, WireType::kFixed64);
  AppendLittleEndian(out, std::bit_cast<uint64_t>(value));
}

void AppendFloat(std::string& out, uint32_t field, float value) {
  AppendTag(out, field, WireType::kFixed32);
  AppendLittleEndian(out, std::bit_cast<uint32_t>(value));
}

void AppendBytes(std::string& out, uint32_t field, std::string_view bytes) {
  AppendTag(out, field, WireType::kBytes);
  AppendVarint(out, bytes.size());
  out.append(bytes);
}

double WireField::as_double() const { return std::bit_cast<double>(integer); }

float WireField::as_float() const { return std::bit_cast<float>(static_cast<uint32_t>(integer)); }

Result<WireField> TakeField(std::string_view& message) {
  PANO_ASSIGN_OR_RETURN(const uint64_t tag, TakeVarint(message));
  if (tag >> 3 == 0 || tag >> 32 != 0) return Corruption("[protobuf] no field has this number");
  WireField field;
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  switch (field.type) {
    case WireType::kVarint: {
      PANO_ASSIGN_OR_RETURN(field.integer, TakeVarint(message));
      return field;
    }
    case WireType::kFixed64: {
      PANO_ASSIGN_OR_RETURN(field.integer, TakeFixed(message, 8));
      return field;
    }
    case WireType::kFixed32: {
      PANO_ASSIGN_OR_RETURN(field.integer, TakeFixed(message, 4));
      return field;
    }
    case WireType::kBytes: {
      PANO_ASSIGN_OR_RETURN(const uint64_t length, TakeVarint(message));
      if (length > message.size()) return Corruption("[protobuf] a field is cut off");
      field.bytes = message.substr(0, length);
      message.remove_prefix(length);
      return field;
    }
  }
  return Corruption(StrCat("[protobuf] field ", field.number, " has the wire type ", tag & 7));
}

}  // namespace pano::train
