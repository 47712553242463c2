#include "model/train/checkpoint.h"

#include <ATen/ATen.h>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/train/tensor_file.h"

namespace pano::train {
namespace {

constexpr char kProgressName[] = "training.progress";

std::string FirstName(const std::string& parameter) { return StrCat("adamw.first.", parameter); }
std::string SecondName(const std::string& parameter) { return StrCat("adamw.second.", parameter); }

NamedTensors Weights(const TransformerModule& module) {
  NamedTensors out;
  for (const TransformerModule::Parameter& p : module.parameters())
    out.emplace_back(p.name, p.value);
  return out;
}

Status Fill(const format::Weights& file, const std::string& name, at::Tensor target) {
  at::NoGradGuard no_grad;
  PANO_ASSIGN_OR_RETURN(at::Tensor stored, LoadTensor(file, name, target.sizes()));
  target.copy_(stored);
  return OkStatus();
}

}  // namespace

Status SaveWeights(const std::string& path, const TransformerModule& module) {
  return SaveTensors(path, Weights(module));
}

Status LoadWeights(const std::string& path, TransformerModule& module) {
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<const format::Weights> file,
                        format::OpenSafetensors({path}));
  for (TransformerModule::Parameter& p : module.parameters()) {
    PANO_RETURN_IF_ERROR(Fill(*file, p.name, p.value).Wrap(path));
  }
  return OkStatus();
}

Status SaveCheckpoint(const std::string& path, const TransformerModule& module, AdamW& optimizer,
                      const Progress& progress) {
  NamedTensors tensors = Weights(module);
  for (size_t i = 0; i < module.parameters().size(); ++i) {
    const std::string& name = module.parameters()[i].name;
    tensors.emplace_back(FirstName(name), optimizer.first_moments()[i]);
    tensors.emplace_back(SecondName(name), optimizer.second_moments()[i]);
  }
  at::Tensor numbers = at::empty({4}, at::kDouble);
  double* data = numbers.data_ptr<double>();
  data[0] = static_cast<double>(progress.step);
  data[1] = progress.best_bits_per_byte;
  data[2] = static_cast<double>(progress.best_step);
  data[3] = static_cast<double>(progress.evaluations_since_best);
  tensors.emplace_back(kProgressName, numbers);
  return SaveTensors(path, tensors);
}

Result<Progress> LoadCheckpoint(const std::string& path, TransformerModule& module,
                                AdamW& optimizer) {
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<const format::Weights> file,
                        format::OpenSafetensors({path}));
  for (size_t i = 0; i < module.parameters().size(); ++i) {
    TransformerModule::Parameter& p = module.parameters()[i];
    PANO_RETURN_IF_ERROR(Fill(*file, p.name, p.value).Wrap(path));
    PANO_RETURN_IF_ERROR(Fill(*file, FirstName(p.name), optimizer.first_moments()[i]).Wrap(path));
    PANO_RETURN_IF_ERROR(Fill(*file, SecondName(p.name), optimizer.second_moments()[i]).Wrap(path));
  }
  PANO_ASSIGN_OR_RETURN(at::Tensor numbers, LoadTensor(*file, kProgressName, {4}).Wrap(path));
  if (numbers.scalar_type() != at::kDouble)
    return Corruption(StrCat(path, ": progress is not F64"));
  const double* data = numbers.data_ptr<double>();
  if (!(data[0] >= 0 && data[0] < 1e15 && data[2] >= 0 && data[2] < 1e15 && data[3] >= 0 &&
        data[3] < 1e15)) {
    return Corruption(StrCat(path, ": progress is out of range"));
  }
  Progress progress;
  progress.step = static_cast<int64_t>(data[0]);
  progress.best_bits_per_byte = data[1];
  progress.best_step = static_cast<int64_t>(data[2]);
  progress.evaluations_since_best = static_cast<int64_t>(data[3]);
  return progress;
}

}  // namespace pano::train
