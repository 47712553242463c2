#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/format/safetensors_parse.h"
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

Status CheckEntry(const SafetensorsEntry& entry) {
  if (!Utf8Valid(entry.name)) return InvalidArgument("the name is not UTF-8");
  if (entry.name == "__metadata__") return InvalidArgument("the name is reserved");
  const tensor::DTypeInfo& info = tensor::Describe(entry.view.dtype);
  if (info.block_elements != 1) {
    return InvalidArgument(StrCat("dtype: safetensors has no ", info.name));
  }
  PANO_ASSIGN_OR_RETURN(size_t bytes, tensor::ByteSize(entry.view.dtype, entry.view.shape));
  if (bytes != entry.view.bytes) {
    return InvalidArgument(StrCat("holds ", entry.view.bytes, " bytes, ", info.name, " ",
                                  tensor::ShapeText(entry.view.shape), " needs ", bytes));
  }
  return {};
}

Result<std::string> HeaderText(const std::vector<SafetensorsEntry>& entries,
                               const std::map<std::string, std::string>& metadata) {
  json::Object header;
  if (!metadata.empty()) {
    json::Object members;
    for (const auto& [key, value] : metadata) members.emplace_back(key, value);
    header.emplace_back("__metadata__", std::move(members));
  }
  std::unordered_set<std::string_view> names;
  uint64_t offset = 0;
  for (const SafetensorsEntry& entry : entries) {
    Status status = CheckEntry(entry);
    if (status.ok() && !names.insert(entry.name).second) {
      status = InvalidArgument("the name stands twice");
    }
    if (!status.ok()) return status.Wrap(StrCat("tensor '", Printable(entry.name), "'"));
    json::Array shape(entry.view.shape.begin(), entry.view.shape.end());
    uint64_t end = offset + entry.view.bytes;
    header.emplace_back(entry.name, json::Object{{"dtype", tensor::Describe(entry.view.dtype).name},
                                                 {"shape", std::move(shape)},
                                                 {"data_offsets", json::Array{offset, end}}});
    offset = end;
  }
  std::string text = json::Dump(std::move(header));
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

Status WriteSafetensors(const std::string& path, const std::vector<SafetensorsEntry>& entries,
                        const std::map<std::string, std::string>& metadata) {
  Result<std::string> header = HeaderText(entries, metadata);
  if (!header.ok()) return header.error().Wrap(path);
  // Beside the target and renamed, so that a reader sees the old file or the new one.
  std::string temporary = StrCat(path, ".tmp-", RandomHex(4));
  std::error_code error;
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    uint64_t length = header->size();
    out.write(reinterpret_cast<const char*>(&length), sizeof length);
    out.write(header->data(), static_cast<std::streamsize>(header->size()));
    for (const SafetensorsEntry& entry : entries) {
      out.write(reinterpret_cast<const char*>(entry.view.data),
                static_cast<std::streamsize>(entry.view.bytes));
    }
    out.close();
    if (!out) error = std::error_code(errno ? errno : EIO, std::generic_category());
  }
  if (!error) std::filesystem::rename(temporary, path, error);
  if (error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    return Status(StatusCode::kUnavailable, StrCat(path, ": cannot write: ", error.message()));
  }
  return {};
}

}  // namespace pano::format
