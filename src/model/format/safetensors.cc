#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/format/file_writer.h"
#include "model/format/safetensors_parse.h"
#include "model/format/safetensors_write.h"
#include "model/format/tensor_table.h"
#include "model/format/weights.h"

namespace pano::format {

Result<std::shared_ptr<const Weights>> OpenSafetensors(const std::vector<std::string>& paths) {
  std::vector<TensorFile> files;
  for (const std::string& path : paths) {
    PANO_ASSIGN_OR_RETURN(SafetensorsFile file, MapSafetensors(path));
    files.push_back(std::move(file.file));
  }
  PANO_ASSIGN_OR_RETURN(auto table, TensorTable::Create(std::move(files)));
  return std::shared_ptr<const Weights>(std::move(table));
}

namespace {

Status CheckTensor(const TensorStream& tensor) {
  if (!Utf8Valid(tensor.name)) return InvalidArgument("the name is not UTF-8");
  if (tensor.name == "__metadata__") return InvalidArgument("the name is reserved");
  const tensor::DTypeInfo& info = tensor::Describe(tensor.dtype);
  if (info.block_elements != 1) {
    return InvalidArgument(StrCat("dtype: safetensors has no ", info.name));
  }
  return {};
}

Result<std::string> HeaderText(const std::vector<TensorStream>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  json::Object header;
  if (!metadata.empty()) {
    json::Object members;
    for (const auto& [key, value] : metadata) members.emplace_back(key, value);
    header.emplace_back("__metadata__", std::move(members));
  }
  std::unordered_set<std::string_view> names;
  uint64_t offset = 0;
  for (const TensorStream& tensor : tensors) {
    Status status = CheckTensor(tensor);
    if (status.ok() && !names.insert(tensor.name).second) {
      status = InvalidArgument("the name stands twice");
    }
    Result<size_t> bytes = tensor::ByteSize(tensor.dtype, tensor.shape);
    if (status.ok() && !bytes.ok()) status = bytes.error();
    if (!status.ok()) return status.Wrap(StrCat("tensor '", Printable(tensor.name), "'"));
    json::Array shape(tensor.shape.begin(), tensor.shape.end());
    const uint64_t end = offset + *bytes;
    header.emplace_back(tensor.name, json::Object{{"dtype", tensor::Describe(tensor.dtype).name},
                                                  {"shape", std::move(shape)},
                                                  {"data_offsets", json::Array{offset, end}}});
    offset = end;
  }
  std::string text = json::Dump(std::move(header));
  // The data begins at a multiple of 64 bytes, behind the header's eight bytes of length.
  text.append((64 - (text.size() + 8) % 64) % 64, ' ');
  return text;
}

}  // namespace

Status StreamSafetensors(const std::string& path, const std::vector<TensorStream>& tensors,
                         const std::map<std::string, std::string>& metadata, Env& env) {
  Result<std::string> header = HeaderText(tensors, metadata);
  if (!header.ok()) return header.error().Wrap(path);
  FileWriter file(path, env);
  const uint64_t length = header->size();
  uint64_t bytes = sizeof length + length;
  for (const TensorStream& tensor : tensors) {
    PANO_ASSIGN_OR_RETURN(const size_t own, tensor::ByteSize(tensor.dtype, tensor.shape));
    bytes += own;
  }
  PANO_RETURN_IF_ERROR(file.Expect(bytes));
  PANO_RETURN_IF_ERROR(file.Write(std::as_bytes(std::span(&length, 1))));
  PANO_RETURN_IF_ERROR(file.Write(*header));
  for (const TensorStream& tensor : tensors) PANO_RETURN_IF_ERROR(file.Write(tensor));
  return file.Commit();
}

Status WriteSafetensors(const std::string& path, const std::vector<SafetensorsEntry>& entries,
                        const std::map<std::string, std::string>& metadata) {
  std::vector<TensorStream> tensors;
  for (const auto& [name, view] : entries) {
    Result<size_t> bytes = tensor::ByteSize(view.dtype, view.shape);
    if (bytes.ok() && *bytes != view.bytes) {
      return InvalidArgument(StrCat(path, ": tensor '", Printable(name), "': holds ", view.bytes,
                                    " bytes, ", tensor::Describe(view.dtype).name, " ",
                                    tensor::ShapeText(view.shape), " needs ", *bytes));
    }
    tensors.push_back(StreamOf(name, view));
  }
  return StreamSafetensors(path, tensors, metadata);
}

}  // namespace pano::format
