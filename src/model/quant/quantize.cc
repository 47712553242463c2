#include "model/quant/quantize.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/env.h"
#include "base/abandoned_files.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/convert/convert.h"
#include "model/convert/output.h"
#include "model/format/packed_layout.h"
#include "model/format/safetensors_write.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/families/family.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/tensor/blocks.h"
#include "model/tensor/packed.h"

namespace pano::quant {
namespace {

using tensor::DType;
using tensor::TensorView;

struct TypeName {
  std::string_view name;
  DType type;
};
constexpr TypeName kTypes[] = {{"q8_0", DType::kQ8_0X16},
                               {"w8a8", DType::kW8X16},
                               {"q4_0", DType::kQ4_0X16},
                               {"q4g", DType::kQ4GX16},
                               {"q4_k", DType::kQ4_KX16}};

std::string_view NameOf(DType type) {
  return std::find_if(std::begin(kTypes), std::end(kTypes),
                      [&](const TypeName& t) { return t.type == type; })
      ->name;
}

Result<std::vector<nn::LinearTensor>> LinearTensors(const format::ModelFiles& files) {
  if (encoder::IsEncoder(files)) return encoder::LinearTensors(files);
  PANO_ASSIGN_OR_RETURN(nn::FamilyConfig family, nn::ReadFamilyConfig(files));
  if (family.names.transposed) {
    return Unimplemented(StrCat(files.path, ": architecture '", family.config.architecture,
                                "' keeps its matrices turned, which is not quantised"));
  }
  PANO_RETURN_IF_ERROR(nn::BindWeights(files, family).status());
  PANO_ASSIGN_OR_RETURN(const auto entries, nn::DescribeTensors(family.config));
  PANO_ASSIGN_OR_RETURN(const auto stored, nn::StoreTensors(entries, family.config, family.names));
  return nn::LinearTensors(*files.weights, entries, stored, family.names.optional_prefix);
}

// Why a matrix stays as it is; empty when it does not.
std::string WhyNot(const TensorView& view, int64_t cut_rows, DType type) {
  const auto block = static_cast<int64_t>(tensor::PackedBlockOf(type));
  if (view.shape.size() != 2) return "is a stack of matrices";
  if (view.shape[1] % block != 0) {
    return StrCat("has rows of ", view.shape[1], ", no multiple of the block of ", block);
  }
  if (tensor::IsPacked(view.dtype)) return "is packed already";
  if (cut_rows % static_cast<int64_t>(tensor::kPanelRows) != 0) {
    return StrCat("is cut at multiples of ", cut_rows, " rows when it is read, within a panel of ",
                  tensor::kPanelRows);
  }
  if (type == DType::kW8X16 && view.shape[1] > static_cast<int64_t>(tensor::kW8MaxColumns)) {
    return StrCat("has rows of ", view.shape[1], ", more than ", tensor::kW8MaxColumns);
  }
  return "";
}

// A bound on what the type keeps; infinity where it has none.
float LargestOf(DType type) { return type == DType::kQ4GX16 ? tensor::kQ4GMax : INFINITY; }

// One matrix into the file: groups of panels are packed by all threads, then written.
class MatrixStream {
 public:
  MatrixStream(const TensorView& view, DType type, ComputePool& pool,
               std::function<void(size_t)> done)
      : view_(view), type_(type), pool_(pool), done_(std::move(done)) {}

  Status Write(const format::ByteSink& sink) {
    const auto rows = static_cast<size_t>(view_.shape[0]);
    const size_t panel = tensor::PanelBytes(type_, static_cast<size_t>(view_.shape[1]));
    const size_t panels = (rows + tensor::kPanelRows - 1) / tensor::kPanelRows;
    const size_t group = std::max<size_t>(16, (size_t{4} << 20) / panel);
    std::vector<std::byte> buffer(std::min(group, panels) * panel);
    for (size_t first = 0; first < panels; first += group) {
      const size_t count = std::min(group, panels - first);
      std::atomic<bool> sound{true};
      pool_.ParallelFor(count, 1, [&](size_t begin, size_t end, int) {
        for (size_t i = begin; i < end; ++i) {
          if (!Sound(first + i)) sound = false;
          if (sound) tensor::PackPanel(view_, type_, first + i, buffer.data() + i * panel);
        }
      });
      if (!sound) return Corruption(StrCat("holds a value that ", NameOf(type_), " cannot keep"));
      PANO_RETURN_IF_ERROR(sink({buffer.data(), count * panel}));
      done_(count * panel);
    }
    const size_t bytes = panels * panel;
    const std::vector<std::byte> fill(Filled(bytes) - bytes);
    return sink(fill);
  }

  static size_t Filled(size_t bytes) {
    return (bytes + tensor::kPackedAlignment - 1) / tensor::kPackedAlignment *
           tensor::kPackedAlignment;
  }

 private:
  // Whether all values of a panel are numbers that the type keeps.
  bool Sound(size_t panel) const {
    const auto columns = static_cast<size_t>(view_.shape[1]);
    const auto rows = static_cast<size_t>(view_.shape[0]);
    const tensor::DTypeInfo& info = tensor::Describe(view_.dtype);
    const size_t row_bytes = columns / info.block_elements * info.block_bytes;
    const float most = LargestOf(type_);
    std::vector<float> values(columns);
    for (size_t r = panel * tensor::kPanelRows;
         r < std::min(rows, (panel + 1) * tensor::kPanelRows); ++r) {
      tensor::DecoderOf(view_.dtype)(view_.data + r * row_bytes, columns, values.data());
      for (float v : values) {
        if (!(std::abs(v) <= most) || !std::isfinite(v)) return false;
      }
    }
    return true;
  }

  const TensorView view_;
  const DType type_;
  ComputePool& pool_;
  const std::function<void(size_t)> done_;
};

struct Plan {
  std::vector<format::TensorStream> streams;
  std::vector<format::PackedTensor> packed;
  Report report;
};

// Packed matrices first, so that each begins at a multiple of 64.
Plan MakePlan(const format::ModelFiles& files, const std::vector<nn::LinearTensor>& linear,
              const Request& request, ComputePool& pool) {
  Plan plan;
  std::set<std::string_view> taken;
  uint64_t total = 0;
  auto written = std::make_shared<uint64_t>(0);
  for (const auto& [name, cut_rows] : linear) {
    const TensorView& view = *files.weights->Find(name);
    const std::string reason = WhyNot(view, cut_rows, request.type);
    if (!reason.empty()) {
      plan.report.notes.push_back(
          StrCat(name, ": ", reason, ", stays ", tensor::Describe(view.dtype).name));
      continue;
    }
    plan.packed.push_back({name, request.type, view.shape});
    total += *tensor::ByteSize(request.type, view.shape);
    ++plan.report.matrices;
    plan.report.parameters += static_cast<uint64_t>(view.elements());
  }
  plan.report.matrix_bytes = total;
  for (const format::PackedTensor& packed : plan.packed) {
    taken.insert(packed.name);
    const TensorView& view = *files.weights->Find(packed.name);
    const size_t bytes = MatrixStream::Filled(*tensor::ByteSize(packed.dtype, packed.shape));
    auto done = [written, total, progress = request.progress](size_t more) {
      *written += more;
      if (progress) progress(static_cast<double>(*written) / static_cast<double>(total));
    };
    auto stream = std::make_shared<MatrixStream>(view, packed.dtype, pool, std::move(done));
    plan.streams.push_back({packed.name,
                            DType::kU8,
                            {static_cast<int64_t>(bytes)},
                            [stream, name = packed.name](const format::ByteSink& sink) {
                              return stream->Write(sink).Wrap(StrCat("tensor ", name));
                            }});
  }
  for (const std::string& name : files.weights->Names()) {
    if (!taken.contains(name)) {
      plan.streams.push_back(format::StreamOf(name, *files.weights->Find(name)));
    }
  }
  format::GuardSource(*files.weights, plan.streams);
  return plan;
}

// Opens what was written as a reader would.
Status ReadBack(const std::string& folder) {
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(folder));
  return LinearTensors(files).status();
}

Result<Report> QuantizeFolder(const Request& request, ComputePool& pool) {
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(request.model));
  if (files.kind != format::ModelFiles::Kind::kHuggingFace || !files.config.is_object()) {
    return InvalidArgument(StrCat(request.model, ": is no folder with a config.json"));
  }
  PANO_ASSIGN_OR_RETURN(const std::vector<nn::LinearTensor> linear, LinearTensors(files));
  Plan plan = MakePlan(files, linear, request, pool);
  if (plan.packed.empty()) {
    return Unimplemented(StrCat(request.model, ": no matrix of it can be written as ",
                                NameOf(request.type), plan.report.notes.empty() ? "" : ": ",
                                plan.report.notes.empty() ? "" : plan.report.notes.front()));
  }
  json::Value config = files.config;
  config.Set("quantization_config",
             format::PackedConfig(std::string(NameOf(request.type)), plan.packed));
  convert::FolderWriter folder(request.out);
  PANO_RETURN_IF_ERROR(folder.Create());
  PANO_RETURN_IF_ERROR(folder.CopyTexts(files.path));
  PANO_RETURN_IF_ERROR(folder.Write("config.json", json::Dump(config, {.indent = 2}) + "\n"));
  const std::string weights = JoinPath(folder.path(), "model.safetensors");
  PANO_RETURN_IF_ERROR(
      format::StreamSafetensors(weights, plan.streams, {{"format", "pt"}}).Wrap(request.model));
  PANO_RETURN_IF_ERROR(ReadBack(folder.path()).Wrap("reading back what was written"));
  std::error_code error;
  plan.report.bytes = std::filesystem::file_size(weights, error);
  PANO_RETURN_IF_ERROR(folder.Commit());
  return std::move(plan.report);
}

}  // namespace

Result<DType> TypeByName(std::string_view name) {
  std::string all;
  for (const TypeName& type : kTypes) {
    if (type.name == name) return type.type;
    all += StrCat(all.empty() ? "" : ", ", type.name);
  }
  return InvalidArgument(StrCat("'", Printable(name), "' is not one of ", all));
}

std::vector<std::string> TypeNames() {
  std::vector<std::string> names;
  for (const TypeName& type : kTypes) names.emplace_back(type.name);
  return names;
}

Result<Report> Quantize(const Request& request, ComputePool& pool) {
  std::error_code error;
  if (std::filesystem::equivalent(request.model, request.out, error) && !error) {
    return InvalidArgument(StrCat(request.out, ": is the model itself"));
  }
  PANO_RETURN_IF_ERROR(convert::FolderWriter::Check(request.out, request.overwrite));
  if (std::filesystem::is_directory(request.model, error)) return QuantizeFolder(request, pool);
  // A GGUF file becomes a folder of floats first, which no quantised type tells from its own
  // values. Under a name of its own: what stands beside `out` is somebody's.
  RemoveAbandoned(request.out);
  const std::string between = StrCat(request.out, ".tmp-", RandomHex(8), "-f32");
  const convert::Request to_folder{.model = request.model,
                                   .out = between,
                                   .to = convert::Form::kHuggingFace,
                                   .type = DType::kF32,
                                   .overwrite = false};
  PANO_RETURN_IF_ERROR(convert::Convert(to_folder).status());
  const WriteMark mark(between);
  Request second = request;
  second.model = between;
  Result<Report> report = QuantizeFolder(second, pool);
  std::filesystem::remove_all(between, error);
  return report;
}

}  // namespace pano::quant
