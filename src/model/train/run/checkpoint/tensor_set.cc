#include "model/train/run/checkpoint/tensor_set.h"

#include "base/mapped_file.h"
#include "base/strings.h"
#include "model/format/safetensors_parse.h"

namespace pano::train {
namespace {

struct Bytes {
  std::shared_ptr<const void> owner;         // of memory
  std::shared_ptr<const MappedFile> mapped;  // or of a mapped file
  std::span<const std::byte> bytes;
};

Result<Bytes> BytesOfFile(Env& env, const std::string& path) {
  if (&env == &Env::Real()) {
    PANO_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
    const auto bytes = mapped->bytes();
    return Bytes{nullptr, std::move(mapped), bytes};
  }
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, size_t{1} << 40, env));
  auto owner = std::make_shared<const std::string>(std::move(text));
  const auto bytes = std::as_bytes(std::span(owner->data(), owner->size()));
  return Bytes{std::move(owner), nullptr, bytes};
}

}  // namespace

Result<TensorSet> TensorSet::Open(Env& env, const std::vector<std::string>& paths) {
  TensorSet set;
  for (const std::string& path : paths) {
    PANO_ASSIGN_OR_RETURN(Bytes file, BytesOfFile(env, path));
    PANO_ASSIGN_OR_RETURN(format::SafetensorsContents contents,
                          format::ParseSafetensors(file.bytes).Wrap(path));
    for (format::NamedTensor& tensor : contents.tensors) {
      const std::string name = tensor.name;
      if (!set.tensors_.emplace(std::move(tensor.name), std::move(tensor.view)).second) {
        return Corruption(StrCat(path, ": tensor '", Printable(name), "' stands in two files"));
      }
    }
    if (file.owner) set.owners_.push_back(std::move(file.owner));
    if (file.mapped) set.mapped_.push_back(std::move(file.mapped));
  }
  return set;
}

void TensorSet::Forget(const tensor::TensorView& view) const {
  const std::span<const std::byte> bytes(view.data, view.bytes);
  for (const auto& file : mapped_) {
    const std::byte* begin = file->bytes().data();
    if (bytes.data() >= begin && bytes.data() < begin + file->bytes().size()) file->Forget(bytes);
  }
}

const tensor::TensorView* TensorSet::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace pano::train
