#include "model/train/run/checkpoint/contents.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/strings.h"
#include "model/train/run/checkpoint/manifest.h"

namespace pano::train {

CheckpointFile CheckpointFile::Text(std::string name, std::string text) {
  CheckpointFile file;
  file.name = std::move(name);
  file.text = std::move(text);
  return file;
}

CheckpointFile CheckpointFile::Tensors(std::string name, std::vector<StateTensor> tensors,
                                       std::map<std::string, std::string> metadata) {
  CheckpointFile file;
  file.name = std::move(name);
  file.is_tensors = true;
  file.tensors = std::move(tensors);
  file.metadata = std::move(metadata);
  return file;
}

uint64_t CheckpointContents::bytes() const {
  uint64_t sum = 0;
  for (const CheckpointFile& file : files) {
    sum += file.text.size();
    for (const StateTensor& tensor : file.tensors) sum += tensor.bytes.size();
  }
  return sum;
}

bool IsPlainFileName(std::string_view name) {
  constexpr size_t kBytesMax = 200;
  if (name.empty() || name.size() > kBytesMax || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '.' || c == '_' || c == '-';
  });
}

Status CheckContents(const CheckpointContents& contents) {
  if (contents.step < 0) return InvalidArgument("[checkpoint] the step is negative");
  std::unordered_set<std::string_view> names;
  for (const CheckpointFile& file : contents.files) {
    const std::string where = StrCat("[checkpoint] file '", Printable(file.name), "'");
    if (!IsPlainFileName(file.name)) return InvalidArgument(StrCat(where, ": no plain name"));
    if (file.name == kManifestName) return InvalidArgument(StrCat(where, ": the manifest's name"));
    if (!names.insert(file.name).second) return InvalidArgument(StrCat(where, " stands twice"));
    for (const StateTensor& tensor : file.tensors) {
      Result<size_t> bytes = tensor::ByteSize(tensor.dtype, tensor.shape);
      if (!bytes.ok()) return bytes.error().Wrap(StrCat(where, ": '", tensor.name, "'"));
      if (*bytes != tensor.bytes.size()) {
        return InvalidArgument(StrCat(where, ": tensor '", Printable(tensor.name), "' has ",
                                      tensor.bytes.size(), " bytes, ",
                                      tensor::Describe(tensor.dtype).name, " ",
                                      tensor::ShapeText(tensor.shape), " needs ", *bytes));
      }
    }
  }
  return {};
}

OwnedContents::OwnedContents(const CheckpointContents& contents) : contents_(contents) {
  if (contents_.owner) return;
  for (CheckpointFile& file : contents_.files) {
    for (StateTensor& tensor : file.tensors) {
      const size_t count = tensor.bytes.size();
      auto copy = std::make_unique_for_overwrite<std::byte[]>(count);
      if (count > 0) std::memcpy(copy.get(), tensor.bytes.data(), count);
      tensor.bytes = {copy.get(), count};
      memory_.push_back(std::move(copy));
    }
  }
}

}  // namespace pano::train
