#include "model/format/safetensors_parse.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/mapped_file.h"
#include "base/strings.h"

namespace pano::format {
namespace {

static_assert(std::endian::native == std::endian::little, "both formats are little-endian");

// Room for a quarter of a million tensors, ten times what models have; a parsed header takes up to
// thirty times its text.
constexpr uint64_t kHeaderBytesMax = 32u << 20;
constexpr size_t kDimensionsMax = 8;
constexpr size_t kDepthMax = 8;  // the header itself is 3 deep

// Types of the format that have no DType.
constexpr std::string_view kOtherTypes[] = {"F4",          "F6_E2M3",     "F6_E3M2",
                                            "F8_E4M3",     "F8_E5M2",     "F8_E8M0",
                                            "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"};

struct Parts {
  json::Value header;
  std::span<const std::byte> data;
};

Result<Parts> SplitFile(std::span<const std::byte> file) {
  uint64_t length = 0;
  if (file.size() < sizeof length) {
    return Corruption(
        StrCat("header length: the file has ", file.size(), " bytes, needs at least 8"));
  }
  std::memcpy(&length, file.data(), sizeof length);
  std::span<const std::byte> rest = file.subspan(sizeof length);
  if (length > rest.size()) {
    return Corruption(StrCat("header length: claims ", length, " bytes, the file has ", rest.size(),
                             " after it"));
  }
  if (length > kHeaderBytesMax) {
    return Corruption(StrCat("header length: ", length, " bytes, the limit is ", kHeaderBytesMax));
  }
  std::string_view text(reinterpret_cast<const char*>(rest.data()), static_cast<size_t>(length));
  if (!text.starts_with('{')) return Corruption("header: does not begin with '{'");
  PANO_ASSIGN_OR_RETURN(json::Value header,
                        json::Parse(text, {.depth_max = kDepthMax}).Wrap("header"));
  return Parts{std::move(header), rest.subspan(text.size())};
}

Result<tensor::DType> ReadDType(const json::Value& value) {
  if (!value.is_string()) {
    return Corruption(StrCat("dtype: expected a string, found ", value.kind()));
  }
  const std::string& name = value.as_string();
  std::optional<tensor::DType> dtype = tensor::DTypeByName(name);
  if (dtype && tensor::Describe(*dtype).block_elements == 1) return *dtype;
  if (std::find(std::begin(kOtherTypes), std::end(kOtherTypes), name) != std::end(kOtherTypes)) {
    return Unimplemented(StrCat("dtype: ", name, " is not supported"));
  }
  return Corruption(StrCat("dtype: '", Printable(name), "' is no type of the format"));
}

Result<tensor::Shape> ReadShape(const json::Value& value) {
  if (!value.is_array())
    return Corruption(StrCat("shape: expected an array, found ", value.kind()));
  const json::Array& sizes = value.as_array();
  if (sizes.size() > kDimensionsMax) {
    return Corruption(StrCat("shape: ", sizes.size(), " dimensions, at most ", kDimensionsMax));
  }
  tensor::Shape shape;
  for (const json::Value& size : sizes) {
    if (!size.is_int() || size.as_int() < 0) {
      return Corruption(
          StrCat("shape: dimension ", shape.size(), " is no size: ", json::Dump(size)));
    }
    shape.push_back(size.as_int());
  }
  return shape;
}

// The half-open range of the data that the tensor claims, inside `data_bytes`.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

Result<Range> ReadRange(const json::Value& value, size_t data_bytes) {
  if (!value.is_array() || value.as_array().size() != 2 || !value.as_array()[0].is_int() ||
      !value.as_array()[1].is_int()) {
    return Corruption("data_offsets: expected an array of two integers");
  }
  int64_t begin = value.as_array()[0].as_int();
  int64_t end = value.as_array()[1].as_int();
  std::string text = StrCat("data_offsets [", begin, ", ", end, "]");
  if (begin < 0 || end < begin) return Corruption(StrCat(text, " are no range"));
  if (static_cast<uint64_t>(end) > data_bytes) {
    return Corruption(StrCat(text, " reach past the ", data_bytes, " bytes of data in the file"));
  }
  return Range{static_cast<uint64_t>(begin), static_cast<uint64_t>(end)};
}

Result<tensor::TensorView> ReadTensor(const json::Value& info, std::span<const std::byte> data) {
  if (!info.is_object()) return Corruption(StrCat("expected an object, found ", info.kind()));
  const json::Value* fields[3] = {};
  constexpr std::string_view kNames[3] = {"dtype", "shape", "data_offsets"};
  for (const auto& [key, value] : info.as_object()) {
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (key != kNames[i]) continue;
      if (fields[i]) return Corruption(StrCat(key, ": stands twice"));
      fields[i] = &value;
    }
  }
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (!fields[i]) return Corruption(StrCat(kNames[i], ": is missing"));
  }
  tensor::TensorView view;
  PANO_ASSIGN_OR_RETURN(view.dtype, ReadDType(*fields[0]));
  PANO_ASSIGN_OR_RETURN(view.shape, ReadShape(*fields[1]));
  PANO_ASSIGN_OR_RETURN(Range range, ReadRange(*fields[2], data.size()));
  PANO_ASSIGN_OR_RETURN(size_t bytes, tensor::ByteSize(view.dtype, view.shape));
  if (range.end - range.begin != bytes) {
    return Corruption(StrCat("data_offsets [", range.begin, ", ", range.end, "] hold ",
                             range.end - range.begin, " bytes, ", tensor::Describe(view.dtype).name,
                             " ", tensor::ShapeText(view.shape), " needs ", bytes));
  }
  view.data = data.data() + range.begin;
  view.bytes = bytes;
  return view;
}

// In the order of their offsets the tensors must follow each other without gap, to the end.
Status CheckRanges(const std::vector<NamedTensor>& tensors, std::span<const std::byte> data) {
  std::vector<const NamedTensor*> order;
  order.reserve(tensors.size());
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return std::pair(a->view.data, a->view.bytes) < std::pair(b->view.data, b->view.bytes);
  });
  size_t filled = 0;
  const NamedTensor* last = nullptr;
  for (const NamedTensor* tensor : order) {
    auto begin = static_cast<size_t>(tensor->view.data - data.data());
    if (begin < filled) {
      return Corruption(StrCat("tensor '", Printable(tensor->name), "': data_offsets [", begin,
                               ", ", begin + tensor->view.bytes, "] overlap those of tensor '",
                               Printable(last->name), "', which end at ", filled));
    }
    if (begin > filled) {
      return Corruption(StrCat("tensor '", Printable(tensor->name), "': data_offsets begin at ",
                               begin, ", bytes ", filled, " to ", begin, " belong to no tensor"));
    }
    filled += tensor->view.bytes;
    last = tensor;
  }
  if (filled != data.size()) {
    return Corruption(
        StrCat("data: the file has ", data.size(), " bytes of it, its tensors hold ", filled));
  }
  return {};
}

Status CheckMetadata(const json::Value& metadata) {
  if (!metadata.is_object()) {
    return Corruption(StrCat("__metadata__: expected an object, found ", metadata.kind()));
  }
  for (const auto& [key, value] : metadata.as_object()) {
    if (!value.is_string()) {
      return Corruption(
          StrCat("__metadata__: '", Printable(key), "': expected a string, found ", value.kind()));
    }
  }
  return {};
}

}  // namespace

Result<SafetensorsContents> ParseSafetensors(std::span<const std::byte> file) {
  PANO_ASSIGN_OR_RETURN(Parts parts, SplitFile(file));
  SafetensorsContents contents;
  std::unordered_set<std::string_view> names;
  for (auto& [name, info] : parts.header.as_object()) {
    if (!names.insert(name).second) {
      return Corruption(StrCat("tensor '", Printable(name), "': the name stands twice"));
    }
    if (name == "__metadata__") {
      PANO_RETURN_IF_ERROR(CheckMetadata(info));
      contents.metadata = std::move(info);
      continue;
    }
    Result<tensor::TensorView> view = ReadTensor(info, parts.data);
    if (!view.ok()) return view.error().Wrap(StrCat("tensor '", Printable(name), "'"));
    contents.tensors.push_back({name, std::move(view).value()});
  }
  PANO_RETURN_IF_ERROR(CheckRanges(contents.tensors, parts.data));
  return contents;
}

Result<SafetensorsFile> MapSafetensors(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
  PANO_ASSIGN_OR_RETURN(SafetensorsContents contents, ParseSafetensors(mapped->bytes()).Wrap(path));
  return SafetensorsFile{{std::move(mapped), std::move(contents.tensors)},
                         std::move(contents.metadata)};
}

}  // namespace pano::format
