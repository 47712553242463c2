#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/tensor/tensor.h"

namespace pano::format {

// The named tensors of one model, memory-mapped from one or several files. Every offset, size and
// shape was checked when it was opened: a view never reaches outside its file. Immutable, so
// thread-safe; views live as long as this object.
class Weights {
 public:
  virtual ~Weights() = default;

  // Null when there is no such tensor.
  virtual const tensor::TensorView* Find(std::string_view name) const = 0;
  // All names, sorted.
  virtual std::vector<std::string> Names() const = 0;
  // Bytes of all files together.
  virtual size_t FileBytes() const = 0;
  // Gives memory of mapped files back that holds these bytes, which have been copied elsewhere.
  // They stay readable.
  virtual void Forget(std::span<const std::byte>) const {}
  // Unavailable when a file was changed in place since it was opened (MappedFile::CheckUnchanged):
  // what was read from it meanwhile may be nonsense. A system call a file.
  virtual Status CheckUnchanged() const { return {}; }
};

// A model at a path: weights with everything that describes them.
struct ModelFiles {
  enum class Kind { kHuggingFace, kGguf, kSafetensors };
  Kind kind = Kind::kHuggingFace;
  std::string path;  // as given
  std::shared_ptr<const Weights> weights;
  // Hugging Face folders: the parsed files; null where the folder has none.
  json::Value config;
  json::Value generation_config;
  json::Value tokenizer_config;
  std::string chat_template;  // chat_template.jinja, else tokenizer_config's or GGUF's; "" = none
  // Further templates by name: of a list in tokenizer_config.json, additional_chat_templates/*.jinja,
  // GGUF's tokenizer.chat_template.*. "tool_use" is for conversations with tools.
  std::map<std::string, std::string> named_templates;
  // GGUF: every metadata key with its value (integers, doubles, bools, strings, arrays).
  json::Value metadata;
  // safetensors: the __metadata__ of the (first) file, an object of strings, or null.
};

// Opens a Hugging Face folder, a .gguf or a single .safetensors file. Failures name the file and
// the field: NotFound, Corruption (the file lies), Unimplemented (a type or version that is not
// supported, or pickled weights, with a hint).
Result<ModelFiles> OpenModel(const std::string& path);

// One or several safetensors files as one set. Corruption when two of them hold the same name.
Result<std::shared_ptr<const Weights>> OpenSafetensors(const std::vector<std::string>& paths);

struct SafetensorsEntry {
  std::string name;
  tensor::TensorView view;
};
// Writes one file: 8-byte header length, JSON header padded so that the data begins at a multiple of
// 64, data in the given order.
Status WriteSafetensors(const std::string& path, const std::vector<SafetensorsEntry>& entries,
                        const std::map<std::string, std::string>& metadata = {});

struct GgufFile {
  std::shared_ptr<const Weights> weights;
  json::Value metadata;
  uint32_t version = 3;
};
Result<GgufFile> OpenGguf(const std::string& path);
// The metadata alone: also of files whose tensors have types that OpenGguf refuses.
Result<json::Value> ReadGgufMetadata(const std::string& path);

}  // namespace pano::format
