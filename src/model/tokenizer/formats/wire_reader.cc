#include "model/tokenizer/formats/wire_reader.h"

#include <bit>

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

Status CutOff() { return Corruption("the message is cut off"); }

}  // namespace

Status WireField::Expect(Type wanted) const {
  if (type == wanted) return {};
  return Corruption(StrCat("field ", number, ": wire type ", static_cast<int>(type), " where ",
                           static_cast<int>(wanted), " belongs"));
}

Result<bool> WireField::Bool() const {
  PANO_RETURN_IF_ERROR(Expect(Type::kVarint));
  return value != 0;
}

Result<int64_t> WireField::Int() const {
  PANO_RETURN_IF_ERROR(Expect(Type::kVarint));
  return static_cast<int64_t>(value);
}

Result<float> WireField::Float() const {
  PANO_RETURN_IF_ERROR(Expect(Type::kFixed32));
  return std::bit_cast<float>(static_cast<uint32_t>(value));
}

Result<std::string_view> WireField::Bytes() const {
  PANO_RETURN_IF_ERROR(Expect(Type::kBytes));
  return bytes;
}

Result<uint64_t> WireReader::Varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return CutOff();
    const auto byte = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return Corruption("a number of more than ten bytes");
}

Result<uint64_t> WireReader::Fixed(size_t bytes) {
  if (rest_.size() < bytes) return CutOff();
  uint64_t value = 0;
  for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(rest_[i]);
  rest_.remove_prefix(bytes);
  return value;
}

Result<bool> WireReader::Next(WireField& field) {
  if (rest_.empty()) return false;
  PANO_ASSIGN_OR_RETURN(const uint64_t tag, Varint());
  const uint64_t number = tag >> 3;
  if (number == 0 || number >= 1u << 29) return Corruption(StrCat("no field has the number ", number));
  field = {};
  field.number = static_cast<uint32_t>(number);
  switch (tag & 7) {
    case 0: {
      PANO_ASSIGN_OR_RETURN(field.value, Varint());
      field.type = WireField::Type::kVarint;
      return true;
    }
    case 1: {
      PANO_ASSIGN_OR_RETURN(field.value, Fixed(8));
      field.type = WireField::Type::kFixed64;
      return true;
    }
    case 2: {
      PANO_ASSIGN_OR_RETURN(const uint64_t length, Varint());
      if (length > rest_.size()) return CutOff();
      field.type = WireField::Type::kBytes;
      field.bytes = rest_.substr(0, static_cast<size_t>(length));
      rest_.remove_prefix(static_cast<size_t>(length));
      return true;
    }
    case 5: {
      PANO_ASSIGN_OR_RETURN(field.value, Fixed(4));
      field.type = WireField::Type::kFixed32;
      return true;
    }
    default: return Corruption(StrCat("field ", number, ": wire type ", tag & 7));
  }
}

}  // namespace pano::tokenizer
