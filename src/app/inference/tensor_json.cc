#include "app/inference/tensor_json.h"

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/strings.h"

namespace pano::inference {
namespace {

using json::Value;

Status Wrong(Datatype datatype, const Value& value) {
  std::string given(value.kind());
  if (value.is_number()) given = json::Dump(value);
  return InvalidArgument(StrCat("its data must be ", DatatypeName(datatype), ", not ", given));
}

template <typename T>
void Append(T number, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <std::integral T>
Status ReadInteger(Datatype datatype, const Value& value, std::string& bytes) {
  if (!value.is_int() || !std::in_range<T>(value.as_int())) return Wrong(datatype, value);
  Append(static_cast<T>(value.as_int()), bytes);
  return {};
}

template <std::floating_point T>
Status ReadFloat(Datatype datatype, const Value& value, std::string& bytes) {
  if (!value.is_number() || std::abs(value.as_double()) > static_cast<double>(std::numeric_limits<T>::max())) {
    return Wrong(datatype, value);
  }
  Append(static_cast<T>(value.as_double()), bytes);
  return {};
}

Status ReadElement(const Value& value, Tensor& tensor) {
  const Datatype datatype = tensor.datatype;
  std::string& bytes = tensor.bytes;
  switch (datatype) {
    case Datatype::kBool: {
      const bool bit = value.is_int() && (value.as_int() == 0 || value.as_int() == 1);
      if (!value.is_bool() && !bit) return Wrong(datatype, value);
      bytes.push_back(value.is_bool() ? static_cast<char>(value.as_bool()) : static_cast<char>(value.as_int()));
      return {};
    }
    case Datatype::kUint8: return ReadInteger<uint8_t>(datatype, value, bytes);
    case Datatype::kUint16: return ReadInteger<uint16_t>(datatype, value, bytes);
    case Datatype::kUint32: return ReadInteger<uint32_t>(datatype, value, bytes);
    case Datatype::kUint64: return ReadInteger<uint64_t>(datatype, value, bytes);
    case Datatype::kInt8: return ReadInteger<int8_t>(datatype, value, bytes);
    case Datatype::kInt16: return ReadInteger<int16_t>(datatype, value, bytes);
    case Datatype::kInt32: return ReadInteger<int32_t>(datatype, value, bytes);
    case Datatype::kInt64: return ReadInteger<int64_t>(datatype, value, bytes);
    case Datatype::kFp16:
    case Datatype::kBf16: return InvalidArgument(StrCat(DatatypeName(datatype), " comes as binary data only"));
    case Datatype::kFp32: return ReadFloat<float>(datatype, value, bytes);
    case Datatype::kFp64: return ReadFloat<double>(datatype, value, bytes);
    case Datatype::kBytes:
      if (!value.is_string()) return Wrong(datatype, value);
      tensor.texts.push_back(value.as_string());
      return {};
  }
  return {};
}

Status NestedOtherwise(const Tensor& tensor) {
  return InvalidArgument(StrCat("its data are lists of other sizes than its shape ", ShapeText(tensor.shape)));
}

// Lists inside lists; `depth` sizes of the shape are dealt with. Ends at the shape's rank.
Status ReadNested(const Value& data, size_t depth, Tensor& tensor) {
  if (depth == tensor.shape.size()) {
    return data.is_array() ? NestedOtherwise(tensor) : ReadElement(data, tensor);
  }
  if (!data.is_array() || static_cast<int64_t>(data.as_array().size()) != tensor.shape[depth]) {
    return NestedOtherwise(tensor);
  }
  for (const Value& item : data.as_array()) PANO_RETURN_IF_ERROR(ReadNested(item, depth + 1, tensor));
  return {};
}

template <typename T>
T ElementAt(const Tensor& tensor, int64_t at) {
  T number;
  std::memcpy(&number, tensor.bytes.data() + static_cast<size_t>(at) * sizeof(T), sizeof(T));
  return number;
}

template <typename T>
void AppendNumber(T number, std::string& out) {
  if constexpr (std::floating_point<T>) {
    if (!std::isfinite(number)) {
      out += "null";
      return;
    }
  }
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  const std::string_view written(text, static_cast<size_t>(end - text));
  out += written;
  // A reader that tells integers from other numbers finds the same kind in the whole list.
  if (std::floating_point<T> && written.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// IEEE 754 binary16, by its three fields.
float FromFp16(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

float FromBf16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float number;
  std::memcpy(&number, &wide, sizeof number);
  return number;
}

void AppendElement(const Tensor& tensor, int64_t at, std::string& out) {
  switch (tensor.datatype) {
    case Datatype::kBool: out += tensor.bytes[static_cast<size_t>(at)] != 0 ? "true" : "false"; return;
    case Datatype::kUint8: return AppendNumber(static_cast<int>(ElementAt<uint8_t>(tensor, at)), out);
    case Datatype::kUint16: return AppendNumber(ElementAt<uint16_t>(tensor, at), out);
    case Datatype::kUint32: return AppendNumber(ElementAt<uint32_t>(tensor, at), out);
    case Datatype::kUint64: return AppendNumber(ElementAt<uint64_t>(tensor, at), out);
    case Datatype::kInt8: return AppendNumber(static_cast<int>(ElementAt<int8_t>(tensor, at)), out);
    case Datatype::kInt16: return AppendNumber(ElementAt<int16_t>(tensor, at), out);
    case Datatype::kInt32: return AppendNumber(ElementAt<int32_t>(tensor, at), out);
    case Datatype::kInt64: return AppendNumber(ElementAt<int64_t>(tensor, at), out);
    case Datatype::kFp16: return AppendNumber(FromFp16(ElementAt<uint16_t>(tensor, at)), out);
    case Datatype::kBf16: return AppendNumber(FromBf16(ElementAt<uint16_t>(tensor, at)), out);
    case Datatype::kFp32: return AppendNumber(ElementAt<float>(tensor, at), out);
    case Datatype::kFp64: return AppendNumber(ElementAt<double>(tensor, at), out);
    case Datatype::kBytes:
      out += json::Dump(Value(tensor.texts[static_cast<size_t>(at)]));  // mends what is no UTF-8
      return;
  }
}

// What lies below index `at` (in units of this depth's blocks).
void AppendBelow(const Tensor& tensor, size_t depth, int64_t at, std::string& out) {
  if (depth == tensor.shape.size()) return AppendElement(tensor, at, out);
  out += '[';
  for (int64_t i = 0; i < tensor.shape[depth]; ++i) {
    if (i > 0) out += ',';
    AppendBelow(tensor, depth + 1, at * tensor.shape[depth] + i, out);
  }
  out += ']';
}

int64_t Elements(const Tensor& tensor) {
  if (tensor.datatype == Datatype::kBytes) return static_cast<int64_t>(tensor.texts.size());
  return static_cast<int64_t>(tensor.bytes.size() / ElementBytes(tensor.datatype));
}

}  // namespace

Status ReadJson(const Value& data, Tensor& tensor) {
  PANO_ASSIGN_OR_RETURN(const int64_t count, CountElements(tensor.shape));
  if (!data.is_array()) {
    if (!tensor.shape.empty()) return InvalidArgument(StrCat("its data must be a list, not ", data.kind()));
    return ReadElement(data, tensor);
  }
  if (tensor.datatype == Datatype::kBytes && count > kTextsMax) {
    return InvalidArgument(StrCat("it has ", count, " texts, at most ", kTextsMax, " are taken"));
  }
  const json::Array& items = data.as_array();
  const bool nested = !items.empty() && items[0].is_array();
  if (nested) return ReadNested(data, 0, tensor);
  if (static_cast<int64_t>(items.size()) != count) {
    return InvalidArgument(StrCat("it has ", items.size(), " elements, and its shape ", ShapeText(tensor.shape),
                                  " takes ", count));
  }
  for (const Value& item : items) {
    if (item.is_array()) return NestedOtherwise(tensor);
    PANO_RETURN_IF_ERROR(ReadElement(item, tensor));
  }
  return {};
}

void AppendJson(const Tensor& tensor, std::string& out) {
  out += '[';
  const int64_t count = Elements(tensor);
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    AppendElement(tensor, i, out);
  }
  out += ']';
}

void AppendNestedJson(const Tensor& tensor, std::string& out) { AppendBelow(tensor, 0, 0, out); }

void AppendRowJson(const Tensor& tensor, int64_t row, std::string& out) { AppendBelow(tensor, 1, row, out); }

}  // namespace pano::inference
