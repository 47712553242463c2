#include "model/convert/convert.h"

#include <filesystem>
#include <system_error>

#include "base/env.h"
#include "base/strings.h"
#include "model/convert/output.h"
#include "model/convert/same_form.h"
#include "model/convert/to_gguf.h"
#include "model/convert/to_hf.h"
#include "model/format/weights.h"
#include "model/tensor/blocks.h"

namespace pano::convert {
namespace {

using format::ModelFiles;

Status CheckRequest(const Request& request, const ModelFiles& files) {
  if (files.kind == ModelFiles::Kind::kSafetensors) {
    return InvalidArgument(StrCat(files.path,
                                  ": a single .safetensors file says no architecture; give "
                                  "the folder that holds its config.json"));
  }
  if (request.type) {
    const tensor::DTypeInfo& info = tensor::Describe(*request.type);
    if (!tensor::EncoderOf(*request.type)) {
      return Unimplemented(StrCat("type ", info.name, " is read, not written"));
    }
    if (request.to == Form::kHuggingFace && info.block_elements > 1) {
      return InvalidArgument(
          StrCat("type ", info.name, ": a Hugging Face folder holds F32, F16 or BF16"));
    }
  }
  std::error_code error;
  if (std::filesystem::equivalent(request.model, request.out, error) && !error) {
    return InvalidArgument(StrCat(request.out, ": is the model itself"));
  }
  return request.to == Form::kGguf ? CheckFileTarget(request.out, request.overwrite)
                                   : FolderWriter::Check(request.out, request.overwrite);
}

Result<Report> Dispatch(const Request& request, const ModelFiles& files) {
  const bool from_gguf = files.kind == ModelFiles::Kind::kGguf;
  if (from_gguf == (request.to == Form::kGguf)) return SameForm(files, request);
  return from_gguf ? ToHuggingFace(files, request) : ToGguf(files, request);
}

}  // namespace

Result<Report> Convert(const Request& request) {
  PANO_ASSIGN_OR_RETURN(const ModelFiles files, format::OpenModel(request.model));
  PANO_RETURN_IF_ERROR(CheckRequest(request, files));
  PANO_ASSIGN_OR_RETURN(Report report, Dispatch(request, files));
  const std::string written =
      request.to == Form::kGguf ? request.out : JoinPath(request.out, "model.safetensors");
  std::error_code error;
  const auto bytes = std::filesystem::file_size(written, error);
  report.bytes = error ? 0 : bytes;
  return report;
}

}  // namespace pano::convert
