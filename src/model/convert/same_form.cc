#include "model/convert/same_form.h"

#include <algorithm>

#include "base/env.h"
#include "base/strings.h"
#include "model/convert/general_keys.h"
#include "model/convert/output.h"
#include "model/convert/target_type.h"
#include "model/format/gguf_write.h"
#include "model/format/safetensors_write.h"
#include "model/format/weights.h"
#include "model/tensor/blocks.h"

namespace pano::convert {
namespace {

// Every tensor as it is, in the order of the file. `plain` ones (vectors, small tables) keep their
// type.
std::vector<RowTensor> Copies(const format::ModelFiles& files) {
  std::vector<std::string> names = files.weights->Names();
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return files.weights->Find(a)->data < files.weights->Find(b)->data;
  });
  std::vector<RowTensor> tensors;
  for (const std::string& name : names) {
    const tensor::TensorView& view = *files.weights->Find(name);
    const int64_t length = view.shape.empty() ? 1 : view.shape.back();
    RowTensor tensor;
    tensor.name = name;
    tensor.shape = view.shape;
    tensor.dtype = view.dtype;
    tensor.sources = {{name, view, length}};
    tensor.place = [](int64_t row) { return RowPlace{0, row}; };
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

// GGUF keeps what is no matrix, and matrices that are F32 among others (routers), as they are.
void Retype(const Request& request, std::vector<RowTensor>& tensors,
            std::vector<std::string>& notes) {
  if (!request.type) return;
  const bool gguf = request.to == Form::kGguf;
  bool mixed = false;
  for (const RowTensor& tensor : tensors) {
    mixed = mixed || (tensor.shape.size() > 1 && tensor.dtype != tensor::DType::kF32);
  }
  for (RowTensor& tensor : tensors) {
    if (!tensor::DecoderOf(tensor.dtype)) continue;
    const bool keeps =
        gguf && (tensor.shape.size() < 2 || (mixed && tensor.dtype == tensor::DType::kF32));
    if (keeps) continue;
    tensor.dtype = gguf ? GgufTypeFor(tensor.name, *request.type) : *request.type;
    const auto block = static_cast<int64_t>(tensor::Describe(tensor.dtype).block_elements);
    if (tensor.sources.front().row_length % block == 0) continue;
    notes.push_back(StrCat(tensor.name, ": rows of ", tensor.sources.front().row_length,
                           " are no multiple of ", tensor::Describe(tensor.dtype).name,
                           "'s block of ", block, ", written as F16"));
    tensor.dtype = tensor::DType::kF16;
  }
}

Status WriteGgufCopy(const format::ModelFiles& files, const Request& request,
                     std::vector<format::TensorStream> streams, tensor::DType main) {
  PANO_ASSIGN_OR_RETURN(std::vector<format::GgufEntry> metadata,
                        format::ReadGgufEntries(files.path));
  for (format::GgufEntry& entry : metadata) {
    if (entry.key == "general.file_type" && request.type) entry.value = FileTypeNumber(main);
  }
  std::erase_if(metadata, [](const format::GgufEntry& entry) {
    return entry.key == "general.alignment" || entry.key.starts_with("split.");
  });
  return format::WriteGguf(request.out, metadata, streams);
}

Status WriteFolderCopy(const format::ModelFiles& files, const Request& request,
                       const std::vector<format::TensorStream>& streams) {
  FolderWriter folder(request.out);
  PANO_RETURN_IF_ERROR(folder.Create());
  json::Value config = files.config;
  if (request.type && config.is_object()) {
    const bool half = *request.type == tensor::DType::kF16;
    const char* name = half                                    ? "float16"
                       : *request.type == tensor::DType::kBF16 ? "bfloat16"
                                                               : "float32";
    config.Set(config.Find("dtype") ? "dtype" : "torch_dtype", name);
  }
  PANO_RETURN_IF_ERROR(folder.CopyTexts(files.path));
  if (config.is_object()) {
    PANO_RETURN_IF_ERROR(folder.Write("config.json", json::Dump(config, {.indent = 2}) + "\n"));
  }
  PANO_RETURN_IF_ERROR(format::StreamSafetensors(JoinPath(folder.path(), "model.safetensors"),
                                                 streams, {{"format", "pt"}}));
  return folder.Commit();
}

}  // namespace

Result<Report> SameForm(const format::ModelFiles& files, const Request& request) {
  Report report;
  std::vector<RowTensor> tensors = Copies(files);
  Retype(request, tensors, report.notes);
  std::vector<format::TensorStream> streams;
  const tensor::DType main = request.type.value_or(tensor::DType::kF32);
  for (RowTensor& tensor : tensors) {
    PANO_RETURN_IF_ERROR(CheckRows(tensor).Wrap(files.path));
    ++report.types[std::string(tensor::Describe(tensor.dtype).name)];
    streams.push_back(StreamOf(std::move(tensor)));
  }
  format::GuardSource(*files.weights, streams);
  report.tensors = streams.size();
  PANO_RETURN_IF_ERROR(request.to == Form::kGguf ? WriteGgufCopy(files, request, streams, main)
                                                 : WriteFolderCopy(files, request, streams));
  return report;
}

}  // namespace pano::convert
