#include "model/format/packed_layout.h"

#include <map>

#include "base/strings.h"
#include "model/tensor/packed.h"

namespace pano::format {
namespace {

constexpr const char* kMethod = "pano-packed";
constexpr int64_t kVersion = 1;

Result<PackedTensor> ReadEntry(const std::string& name, const json::Value& entry) {
  PackedTensor out;
  out.name = name;
  const json::Value* type = entry.Find("type");
  const json::Value* shape = entry.Find("shape");
  if (!type || !type->is_string()) return Corruption("type: is missing or no string");
  const auto dtype = tensor::DTypeByName(type->as_string());
  if (!dtype || !tensor::IsPacked(*dtype)) {
    return Unimplemented(StrCat("type: '", Printable(type->as_string()), "' is not known"));
  }
  out.dtype = *dtype;
  if (!shape || !shape->is_array() || shape->as_array().size() != 2) {
    return Corruption("shape: is missing or not two sizes");
  }
  for (const json::Value& size : shape->as_array()) {
    if (!size.is_int() || size.as_int() < 1) {
      return Corruption("shape: a size is no positive number");
    }
    out.shape.push_back(size.as_int());
  }
  if (out.dtype == tensor::DType::kW8X16 &&
      out.shape[1] > static_cast<int64_t>(tensor::kW8MaxColumns)) {
    return Unimplemented(StrCat("shape: ", out.shape[1], " columns; W8X16 has at most ",
                                tensor::kW8MaxColumns, ", whose products fit 32 bits"));
  }
  return out;
}

// The bytes of a file's tensor under the type and shape of `entry`.
Status Retype(const PackedTensor& entry, tensor::TensorView& view) {
  if (view.dtype != tensor::DType::kU8) {
    return Corruption(StrCat("has type ", tensor::Describe(view.dtype).name, ", not U8"));
  }
  PANO_ASSIGN_OR_RETURN(const size_t bytes, tensor::ByteSize(entry.dtype, entry.shape));
  // Stored tensors are filled up, so that the next one is aligned as well.
  if (view.bytes < bytes || view.bytes - bytes >= tensor::kPackedAlignment) {
    return Corruption(StrCat("has ", view.bytes, " bytes; ", tensor::Describe(entry.dtype).name,
                             " ", tensor::ShapeText(entry.shape), " has ", bytes));
  }
  if (reinterpret_cast<uintptr_t>(view.data) % tensor::kPackedAlignment != 0) {
    return Corruption(
        StrCat("does not lie at a multiple of ", tensor::kPackedAlignment, " bytes of its file"));
  }
  view = {entry.dtype, entry.shape, view.data, bytes};
  return {};
}

}  // namespace

bool IsPackedConfig(const json::Value& quantization_config) {
  const json::Value* method = quantization_config.Find("quant_method");
  return method && method->is_string() && method->as_string() == kMethod;
}

json::Value PackedConfig(const std::string& type, const std::vector<PackedTensor>& tensors) {
  json::Value entries = json::Object{};
  for (const PackedTensor& tensor : tensors) {
    entries.Set(tensor.name,
                json::Object{{"type", tensor::Describe(tensor.dtype).name},
                             {"shape", json::Array(tensor.shape.begin(), tensor.shape.end())}});
  }
  return json::Object{{"quant_method", kMethod},
                      {"version", kVersion},
                      {"type", type},
                      {"tensors", std::move(entries)}};
}

Status ApplyPackedLayout(const json::Value& config, std::vector<TensorFile>& files) {
  const json::Value* quantised = config.Find("quantization_config");
  if (!quantised || !IsPackedConfig(*quantised)) return {};
  const json::Value* version = quantised->Find("version");
  if (!version || !version->is_int() || version->as_int() != kVersion) {
    return Unimplemented(StrCat("quantization_config: version is not ", kVersion));
  }
  const json::Value* tensors = quantised->Find("tensors");
  if (!tensors || !tensors->is_object()) {
    return Corruption("quantization_config: tensors: is missing or no object");
  }
  std::map<std::string_view, tensor::TensorView*> views;
  for (TensorFile& file : files) {
    for (NamedTensor& tensor : file.tensors) views[tensor.name] = &tensor.view;
  }
  for (const auto& [name, entry] : tensors->as_object()) {
    const std::string field = StrCat("quantization_config: tensors: '", Printable(name), "'");
    PANO_ASSIGN_OR_RETURN(const PackedTensor packed, ReadEntry(name, entry).Wrap(field));
    auto it = views.find(name);
    if (it == views.end()) return Corruption(StrCat(field, ": the weights have no such tensor"));
    PANO_RETURN_IF_ERROR(Retype(packed, *it->second).Wrap(field));
    views.erase(it);
  }
  return {};
}

}  // namespace pano::format
