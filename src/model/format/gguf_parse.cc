#include "model/format/gguf_parse.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "base/strings.h"
#include "model/format/byte_reader.h"
#include "model/format/gguf_types.h"

namespace pano::format {
namespace {

constexpr uint64_t kKeyBytesMax = 65535;       // of the specification
constexpr uint64_t kTensorNameBytesMax = 64;  // likewise
constexpr uint64_t kTextBytesMax = 256u << 20;
constexpr uint64_t kKeysMax = 65536;
// One byte of an array becomes a json::Value of 40, so their number is limited too: room for
// vocabularies of a million entries with scores, types and merges.
constexpr uint64_t kValuesMax = 8u << 20;
constexpr uint32_t kDimensionsMax = 4;
constexpr uint64_t kAlignmentMax = 1u << 20;
constexpr uint64_t kKeyBytesMin = 8 + 1 + 4 + 1;         // name, type, value
constexpr uint64_t kTensorBytesMin = 8 + 1 + 4 + 4 + 8;  // name, dimensions, type, offset

class Parser {
 public:
  explicit Parser(std::span<const std::byte> file) : file_(file), reader_(file) {}

  Result<GgufContents> Parse(GgufPart part) {
    PANO_RETURN_IF_ERROR(ReadHeader());
    PANO_RETURN_IF_ERROR(ReadMetadata());
    if (part == GgufPart::kAll) {
      PANO_RETURN_IF_ERROR(ReadTensors());
      PANO_RETURN_IF_ERROR(Place());
      PANO_RETURN_IF_ERROR(CheckOverlap());
    }
    return std::move(contents_);
  }

 private:
  Status ReadHeader();
  Status ReadMetadata();
  Status ReadTyped(GgufValueType type, json::Value& out);
  Status ReadType(std::string_view field, GgufValueType& out);
  Status ReadArray(json::Value& out);
  template <typename T>
  Status ReadNumber(json::Value& out);
  Status ReadBool(json::Value& out);
  Status ReadTensors();
  Status ReadTensor(NamedTensor& tensor, uint64_t& offset);
  Status ReadShape(tensor::Shape& shape);
  Result<uint64_t> Alignment() const;
  Status Place();
  Status CheckOverlap() const;

  std::span<const std::byte> file_;
  ByteReader reader_;
  uint64_t key_count_ = 0;
  uint64_t tensor_count_ = 0;
  uint64_t values_left_ = kValuesMax;
  std::vector<uint64_t> offsets_;  // of contents_.tensors, from the start of the data
  GgufContents contents_;
};

Status Parser::ReadHeader() {
  uint32_t magic = 0;
  PANO_RETURN_IF_ERROR(reader_.Read("magic", magic));
  if (magic != kGgufMagic) return Corruption("magic: is not 'GGUF'");
  PANO_RETURN_IF_ERROR(reader_.Read("version", contents_.version));
  if (contents_.version != 0 && (contents_.version & 0xFFFF) == 0) {
    return Unimplemented("version: the file is big-endian, only little-endian is read");
  }
  if (contents_.version != 2 && contents_.version != 3) {
    return Unimplemented(StrCat("version: ", contents_.version, ", only 2 and 3 are read"));
  }
  PANO_RETURN_IF_ERROR(reader_.Read("tensor_count", tensor_count_));
  PANO_RETURN_IF_ERROR(reader_.Read("metadata_kv_count", key_count_));
  if (key_count_ > kKeysMax || key_count_ > reader_.remaining() / kKeyBytesMin) {
    return Corruption(StrCat("metadata_kv_count: ", key_count_, ", more than the limit of ",
                             kKeysMax, " or than ", reader_.remaining(), " bytes can hold"));
  }
  if (tensor_count_ > reader_.remaining() / kTensorBytesMin) {
    return Corruption(StrCat("tensor_count: ", tensor_count_, ", more than ", reader_.remaining(),
                             " bytes can hold"));
  }
  return {};
}

Status Parser::ReadMetadata() {
  json::Object members;
  std::unordered_set<std::string_view> seen;
  for (uint64_t i = 0; i < key_count_; ++i) {
    std::string_view key;
    Status status = reader_.ReadText("name", kKeyBytesMax, key);
    if (status.ok() && key.empty()) status = Corruption("name: is empty");
    if (!status.ok()) return status.Wrap(StrCat("metadata key ", i));
    if (!seen.insert(key).second) {
      return Corruption(StrCat("metadata key '", Printable(key), "': the name stands twice"));
    }
    const size_t begin = reader_.position();
    GgufValueType type{};
    json::Value value;
    status = ReadType("type", type);
    if (status.ok()) status = ReadTyped(type, value);
    if (!status.ok()) return status.Wrap(StrCat("metadata key '", Printable(key), "'"));
    members.emplace_back(std::string(key), std::move(value));
    contents_.raw.push_back(file_.subspan(begin, reader_.position() - begin));
  }
  contents_.metadata = std::move(members);
  return {};
}

Status Parser::ReadType(std::string_view field, GgufValueType& out) {
  uint32_t type = 0;
  PANO_RETURN_IF_ERROR(reader_.Read(field, type));
  if (type >= kGgufValueTypes) return Corruption(StrCat(field, ": ", type, " is no value type"));
  out = static_cast<GgufValueType>(type);
  return {};
}

Status Parser::ReadTyped(GgufValueType type, json::Value& out) {
  switch (type) {
    case GgufValueType::kU8:
      return ReadNumber<uint8_t>(out);
    case GgufValueType::kI8:
      return ReadNumber<int8_t>(out);
    case GgufValueType::kU16:
      return ReadNumber<uint16_t>(out);
    case GgufValueType::kI16:
      return ReadNumber<int16_t>(out);
    case GgufValueType::kU32:
      return ReadNumber<uint32_t>(out);
    case GgufValueType::kI32:
      return ReadNumber<int32_t>(out);
    case GgufValueType::kU64:
      return ReadNumber<uint64_t>(out);
    case GgufValueType::kI64:
      return ReadNumber<int64_t>(out);
    case GgufValueType::kF32:
      return ReadNumber<float>(out);
    case GgufValueType::kF64:
      return ReadNumber<double>(out);
    case GgufValueType::kBool:
      return ReadBool(out);
    case GgufValueType::kArray:
      return ReadArray(out);
    case GgufValueType::kString:
      break;
  }
  std::string_view text;
  PANO_RETURN_IF_ERROR(reader_.ReadText("value", kTextBytesMax, text));
  out = text;
  return {};
}

template <typename T>
Status Parser::ReadNumber(json::Value& out) {
  T value{};
  PANO_RETURN_IF_ERROR(reader_.Read("value", value));
  if constexpr (std::is_floating_point_v<T>) {
    out = static_cast<double>(value);
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    out = value;
  } else {
    out = static_cast<int64_t>(value);
  }
  return {};
}

Status Parser::ReadBool(json::Value& out) {
  uint8_t value = 0;
  PANO_RETURN_IF_ERROR(reader_.Read("value", value));
  if (value > 1) return Corruption(StrCat("value: ", value, " is no bool"));
  out = value == 1;
  return {};
}

Status Parser::ReadArray(json::Value& out) {
  GgufValueType type{};
  uint64_t count = 0;
  PANO_RETURN_IF_ERROR(ReadType("array type", type));
  // No key that is defined holds one, and ggml's own reader takes none.
  if (type == GgufValueType::kArray) {
    return Unimplemented("array type: an array of arrays is not read");
  }
  PANO_RETURN_IF_ERROR(reader_.Read("array length", count));
  if (count > reader_.remaining() / GgufValueBytesMin(type)) {
    return Corruption(StrCat("array length: ", count, " values, more than the ",
                             reader_.remaining(), " bytes left can hold"));
  }
  if (count > values_left_) {
    return Corruption(StrCat("array length: ", count, " values, the arrays of a file may have ",
                             kValuesMax, " together"));
  }
  values_left_ -= count;
  json::Array items(static_cast<size_t>(count));
  for (size_t i = 0; i < items.size(); ++i) {
    Status status = ReadTyped(type, items[i]);
    if (!status.ok()) return status.Wrap(StrCat("element ", i));
  }
  out = std::move(items);
  return {};
}

Status Parser::ReadTensors() {
  std::unordered_set<std::string> seen;
  for (uint64_t i = 0; i < tensor_count_; ++i) {
    NamedTensor tensor;
    std::string_view name;
    Status status = reader_.ReadText("name", kTensorNameBytesMax, name);
    if (status.ok() && name.empty()) status = Corruption("name: is empty");
    if (!status.ok()) return status.Wrap(StrCat("tensor ", i));
    tensor.name = name;
    uint64_t offset = 0;
    status = ReadTensor(tensor, offset);
    if (status.ok() && !seen.insert(tensor.name).second) {
      status = Corruption("the name stands twice");
    }
    if (!status.ok()) return status.Wrap(StrCat("tensor '", Printable(name), "'"));
    contents_.tensors.push_back(std::move(tensor));
    offsets_.push_back(offset);
  }
  return {};
}

Status Parser::ReadTensor(NamedTensor& tensor, uint64_t& offset) {
  PANO_RETURN_IF_ERROR(ReadShape(tensor.view.shape));
  uint32_t type = 0;
  PANO_RETURN_IF_ERROR(reader_.Read("type", type));
  PANO_RETURN_IF_ERROR(reader_.Read("offset", offset));
  std::optional<tensor::DType> dtype = GgmlTypeToDType(type);
  if (!dtype) {
    std::string_view name = GgmlTypeName(type);
    if (name.empty()) return Unimplemented(StrCat("type: ", type, " is not known"));
    return Unimplemented(StrCat("type: ", name, " is not supported"));
  }
  tensor.view.dtype = *dtype;
  PANO_ASSIGN_OR_RETURN(tensor.view.bytes, tensor::ByteSize(*dtype, tensor.view.shape));
  return {};
}

// The file has the innermost size first.
Status Parser::ReadShape(tensor::Shape& shape) {
  uint32_t dimensions = 0;
  PANO_RETURN_IF_ERROR(reader_.Read("n_dimensions", dimensions));
  if (dimensions > kDimensionsMax) {
    return Corruption(StrCat("n_dimensions: ", dimensions, ", at most ", kDimensionsMax));
  }
  for (uint32_t i = 0; i < dimensions; ++i) {
    uint64_t size = 0;
    PANO_RETURN_IF_ERROR(reader_.Read("dimensions", size));
    if (size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Corruption(StrCat("dimensions: ", size, " is no size"));
    }
    shape.insert(shape.begin(), static_cast<int64_t>(size));
  }
  return {};
}

Result<uint64_t> Parser::Alignment() const {
  const json::Value* value = contents_.metadata.Find("general.alignment");
  if (!value) return uint64_t{32};
  if (!value->is_int() || value->as_int() < 8 ||
      static_cast<uint64_t>(value->as_int()) > kAlignmentMax ||
      !std::has_single_bit(static_cast<uint64_t>(value->as_int()))) {
    return Corruption(StrCat("general.alignment: ", Printable(json::Dump(*value)),
                             " is no power of two between 8 and ", kAlignmentMax));
  }
  return static_cast<uint64_t>(value->as_int());
}

// Gives every tensor its bytes. The data begins at the first multiple of the alignment; a file
// without tensors may end before it.
Status Parser::Place() {
  PANO_ASSIGN_OR_RETURN(uint64_t alignment, Alignment());
  uint64_t start = (reader_.position() + alignment - 1) / alignment * alignment;
  uint64_t size = file_.size() > start ? file_.size() - start : 0;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    NamedTensor& tensor = contents_.tensors[i];
    if (offsets_[i] % alignment != 0) {
      return Corruption(StrCat("tensor '", Printable(tensor.name), "': offset ", offsets_[i],
                               " is no multiple of the alignment ", alignment));
    }
    if (offsets_[i] > size || tensor.view.bytes > size - offsets_[i]) {
      return Corruption(StrCat(
          "tensor '", Printable(tensor.name), "': ", tensor::Describe(tensor.view.dtype).name, " ",
          tensor::ShapeText(tensor.view.shape), " needs ", tensor.view.bytes, " bytes at offset ",
          offsets_[i], ", the file has ", size, " bytes of data"));
    }
    tensor.view.data = file_.data() + (size > 0 ? start + offsets_[i] : 0);
  }
  return {};
}

Status Parser::CheckOverlap() const {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : contents_.tensors) {
    if (tensor.view.bytes > 0) order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(),
            [](const NamedTensor* a, const NamedTensor* b) { return a->view.data < b->view.data; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i - 1]->view.data + order[i - 1]->view.bytes > order[i]->view.data) {
      return Corruption(StrCat("tensor '", Printable(order[i]->name),
                               "': offset: overlaps tensor '", Printable(order[i - 1]->name), "'"));
    }
  }
  return {};
}

}  // namespace

Result<GgufContents> ParseGguf(std::span<const std::byte> file, GgufPart part) {
  return Parser(file).Parse(part);
}

}  // namespace pano::format
