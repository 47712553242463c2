#include "model/format/gguf_write.h"

#include <optional>
#include <string_view>
#include <type_traits>
#include <unordered_set>

#include "base/mapped_file.h"
#include "base/strings.h"
#include "model/format/file_writer.h"
#include "model/format/gguf_parse.h"
#include "model/format/gguf_types.h"

namespace pano::format {
namespace {

constexpr uint64_t kAlignment = 32;

uint64_t Aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
constexpr uint32_t kVersion = 3;
constexpr size_t kDimensionsMax = 4;

// A part of the file before the data, built in memory.
class Header {
 public:
  template <typename T>
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Text(std::string_view text) {
    Put(uint64_t{text.size()});
    bytes_.append(text);
  }
  void Value(const GgufValue& value) {
    std::visit([this](const auto& v) { Typed(v); }, value);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <typename T>
  static constexpr GgufValueType TypeOf() {
    using Type = GgufValueType;
    if constexpr (std::is_same_v<T, bool>) return Type::kBool;
    if constexpr (std::is_same_v<T, uint8_t>) return Type::kU8;
    if constexpr (std::is_same_v<T, int8_t>) return Type::kI8;
    if constexpr (std::is_same_v<T, uint16_t>) return Type::kU16;
    if constexpr (std::is_same_v<T, int16_t>) return Type::kI16;
    if constexpr (std::is_same_v<T, uint32_t>) return Type::kU32;
    if constexpr (std::is_same_v<T, int32_t>) return Type::kI32;
    if constexpr (std::is_same_v<T, uint64_t>) return Type::kU64;
    if constexpr (std::is_same_v<T, int64_t>) return Type::kI64;
    if constexpr (std::is_same_v<T, float>) return Type::kF32;
    if constexpr (std::is_same_v<T, double>) return Type::kF64;
    if constexpr (std::is_same_v<T, std::string>) return Type::kString;
  }
  void Bare(const std::string& text) { Text(text); }
  void Bare(bool value) { Put(static_cast<uint8_t>(value)); }
  template <typename T>
    requires std::is_arithmetic_v<T>
  void Bare(T value) {
    Put(value);
  }

  template <typename T>
  void Typed(const T& value) {
    Put(static_cast<uint32_t>(TypeOf<T>()));
    Bare(value);
  }
  template <typename T>
  void Typed(const std::vector<T>& items) {
    Put(static_cast<uint32_t>(GgufValueType::kArray));
    Put(static_cast<uint32_t>(TypeOf<T>()));
    Put(uint64_t{items.size()});
    for (const T& item : items) Bare(item);
  }
  void Typed(const GgufRaw& raw) { bytes_.append(raw.bytes); }

  std::string bytes_;
};

Status PutMetadata(const std::vector<GgufEntry>& metadata, Header& header) {
  std::unordered_set<std::string_view> names;
  for (const GgufEntry& entry : metadata) {
    if (entry.key.empty()) return InvalidArgument("a metadata key is empty");
    if (!names.insert(entry.key).second) {
      return InvalidArgument(
          StrCat("metadata key '", Printable(entry.key), "': the name stands twice"));
    }
    header.Text(entry.key);
    header.Value(entry.value);
  }
  return {};
}

Status PutTensor(const TensorStream& tensor, uint64_t& offset, Header& header) {
  const std::optional<uint32_t> type = GgmlTypeOf(tensor.dtype);
  if (!type) {
    return InvalidArgument(StrCat("type: GGUF has no ", tensor::Describe(tensor.dtype).name));
  }
  if (tensor.shape.size() > kDimensionsMax) {
    return InvalidArgument(
        StrCat("shape ", tensor::ShapeText(tensor.shape), " has more than four dimensions"));
  }
  PANO_ASSIGN_OR_RETURN(const size_t bytes, tensor::ByteSize(tensor.dtype, tensor.shape));
  header.Text(tensor.name);
  header.Put(static_cast<uint32_t>(tensor.shape.size()));
  for (size_t i = tensor.shape.size(); i-- > 0;) header.Put(static_cast<uint64_t>(tensor.shape[i]));
  header.Put(*type);
  header.Put(offset);
  offset += Aligned(bytes);
  return {};
}

// Answers the size of all data, each tensor up to its alignment.
Result<uint64_t> PutTensors(const std::vector<TensorStream>& tensors, Header& header) {
  std::unordered_set<std::string_view> names;
  uint64_t offset = 0;
  for (const TensorStream& tensor : tensors) {
    Status status;
    if (tensor.name.empty()) status = InvalidArgument("the name is empty");
    if (!names.insert(tensor.name).second) status = InvalidArgument("the name stands twice");
    if (status.ok()) status = PutTensor(tensor, offset, header);
    if (!status.ok()) return status.Wrap(StrCat("tensor '", Printable(tensor.name), "'"));
  }
  return offset;
}

}  // namespace

json::Value ToJson(const GgufValue& value) {
  auto plain = [](const auto& v) -> json::Value {
    using T = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<T, float>)
      return static_cast<double>(v);
    else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> &&
                       !std::is_same_v<T, uint64_t>)
      return static_cast<int64_t>(v);
    else
      return v;
  };
  return std::visit(
      [&](const auto& v) -> json::Value {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, GgufRaw>) {
          return {};
        } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
          return plain(v);
        } else {
          json::Array items;
          for (const typename T::value_type& item : v) items.push_back(plain(item));
          return items;
        }
      },
      value);
}

Status WriteGguf(const std::string& path, const std::vector<GgufEntry>& metadata,
                 const std::vector<TensorStream>& tensors, Env& env) {
  Header header;
  header.Put(kGgufMagic);
  header.Put(kVersion);
  header.Put(uint64_t{tensors.size()});
  header.Put(uint64_t{metadata.size()});
  PANO_RETURN_IF_ERROR(PutMetadata(metadata, header).Wrap(path));
  PANO_ASSIGN_OR_RETURN(const uint64_t data_bytes, PutTensors(tensors, header).Wrap(path));
  FileWriter file(path, env);
  PANO_RETURN_IF_ERROR(file.Expect(Aligned(header.bytes().size()) + data_bytes));
  PANO_RETURN_IF_ERROR(file.Write(header.bytes()));
  PANO_RETURN_IF_ERROR(file.Pad(kAlignment));
  for (const TensorStream& tensor : tensors) {
    PANO_RETURN_IF_ERROR(file.Write(tensor));
    PANO_RETURN_IF_ERROR(file.Pad(kAlignment));
  }
  return file.Commit();
}

Result<std::vector<GgufEntry>> ReadGgufEntries(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
  PANO_ASSIGN_OR_RETURN(const GgufContents contents,
                        ParseGguf(mapped->bytes(), GgufPart::kMetadata).Wrap(path));
  std::vector<GgufEntry> entries;
  for (size_t i = 0; i < contents.raw.size(); ++i) {
    const std::span<const std::byte> raw = contents.raw[i];
    entries.push_back(
        {contents.metadata.as_object()[i].first,
         GgufRaw{std::string(reinterpret_cast<const char*>(raw.data()), raw.size())}});
  }
  return entries;
}

}  // namespace pano::format
