#include "model/train/module_weights.h"

#include "base/check.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/encoder/head_tensors.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/tensor/blocks.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using nn::StoredTensor;

std::vector<int64_t> RowListOf(const StoredTensor& stored, size_t entry) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < stored.RowsOf(entry); ++row) rows.push_back(stored.RowOf(entry, row));
  return rows;
}

// What is multiplied with, or looked up by tokens.
bool IsMatrix(const StoredTensor& stored) {
  const bool matrix = nn::KindOf(stored.role) == nn::TensorKind::kLinear || stored.role == nn::TensorRole::kEmbedding;
  return matrix && stored.part == nn::TensorPart::kWeight && stored.shape.size() == 2;
}

std::string NameOf(const StoredTensor& stored) {
  return StrCat(std::string_view(stored.name).substr(0, stored.name.find('|')), stored.suffix());
}

// The row of the stored tensor for each row of its entry.
at::Tensor RowsOf(const StoredTensor& stored, size_t entry) {
  at::Tensor rows = at::empty({stored.RowsOf(entry)}, at::kLong);
  auto* to = rows.data_ptr<int64_t>();
  for (int64_t row = 0; row < rows.numel(); ++row) to[row] = stored.RowOf(entry, row);
  return rows;
}

// Takes tensors out of the files as floats.
class Reader {
 public:
  Reader(const format::Weights& files, const std::string& optional_prefix)
      : files_(files), prefix_(optional_prefix) {}

  bool Has(const std::string& name) const {
    return files_.Find(nn::LocateTensor(files_, name, prefix_)) != nullptr;
  }

  // The tensor of this very name.
  Result<const tensor::TensorView*> Find(const std::string& located, const tensor::Shape& shape, bool frozen = false) const {
    const tensor::TensorView* view = files_.Find(located);
    if (!view) return Corruption(StrCat("tensor '", Printable(located), "' is missing"));
    if (view->shape != shape) {
      return Corruption(StrCat("tensor '", Printable(located), "' has shape ",
                               tensor::ShapeText(view->shape), ", the configuration says ",
                               tensor::ShapeText(shape)));
    }
    if (!(frozen ? CanFreeze(view->dtype) : tensor::DecoderOf(view->dtype) != nullptr)) {
      return Unimplemented(StrCat("tensor '", Printable(located), "' has type ",
                                  tensor::Describe(view->dtype).name,
                                  frozen ? ", which is not read" : ", which only an adapter is trained over (the recipe's key 'adapter')"));
    }
    return view;
  }

  Result<at::Tensor> Read(const std::string& name, const tensor::Shape& shape) const {
    PANO_ASSIGN_OR_RETURN(const tensor::TensorView* view, Find(nn::LocateTensor(files_, name, prefix_), shape));
    at::Tensor out = at::empty(shape, at::kFloat);
    tensor::DecoderOf(view->dtype)(view->data, static_cast<size_t>(out.numel()), out.data_ptr<float>());
    files_.Forget({view->data, view->bytes});
    return out;
  }

  // A norm also by older names, or a vector for each head under ".norms.".
  Result<at::Tensor> ReadNorm(const StoredTensor& stored) const {
    const std::string whole = StrCat(stored.name, stored.suffix());
    if (Has(whole)) return Read(whole, stored.shape);
    const bool bias = stored.part == nn::TensorPart::kBias;
    const std::string older = StrCat(stored.name, bias ? ".beta" : ".gamma");
    if (stored.shape.size() == 1) return Read(Has(older) ? older : whole, stored.shape);
    std::vector<at::Tensor> heads;
    for (int64_t head = 0; head < stored.shape[0]; ++head) {
      PANO_ASSIGN_OR_RETURN(
          at::Tensor one, Read(StrCat(stored.name, ".norms.", head, ".weight"), {stored.shape[1]}));
      heads.push_back(std::move(one));
    }
    return at::stack(heads);
  }

  Result<at::Tensor> ReadStored(const StoredTensor& stored) const {
    if (nn::KindOf(stored.role) == nn::TensorKind::kNorm &&
        stored.name.find('|') == std::string::npos)
      return ReadNorm(stored);
    PANO_ASSIGN_OR_RETURN(at::Tensor out,
                          Read(nn::LocateTensor(files_, stored, prefix_), stored.shape));
    return stored.transposed ? out.t() : out;
  }

 private:
  const format::Weights& files_;
  const std::string& prefix_;
};

// Of "a|b" the one that the files have, else the first.
std::string Choose(const Reader& reader, const std::string& names) {
  const std::vector<std::string_view> all = Split(names, '|');
  for (std::string_view name : all) {
    if (reader.Has(std::string(name))) return std::string(name);
  }
  return std::string(all.front());
}

// Calls f(tensor, parameter's index) for the tensors of an encoder's heads.
template <typename F>
void ForEachHeadTensor(const TransformerModule& module, F f) {
  if (!module.spec().encoder) return;
  size_t index = module.entries().size();
  for (const encoder::HeadConfig& head : module.spec().encoder->heads) {
    for (const encoder::HeadTensor& tensor : encoder::DescribeHead(head, module.config())) {
      f(tensor, index++);
    }
  }
}

std::vector<StoredTensor> StoredOf(const TransformerModule& module) {
  auto stored = nn::StoreTensors(module.entries(), module.config(), module.spec().names);
  PANO_CHECK(stored.ok());  // the module was made of it
  return std::move(*stored);
}

}  // namespace

Status LoadStoredWeights(const std::shared_ptr<const format::Weights>& files,
                         TransformerModule& module, const WeightUse& use) {
  at::NoGradGuard no_grad;
  const std::string& prefix = module.spec().optional_prefix;
  const Reader reader(*files, prefix);
  std::vector<TransformerModule::Parameter>& parameters = module.parameters();
  for (const StoredTensor& stored : StoredOf(module)) {
    if (use.frozen && IsMatrix(stored)) {
      PANO_ASSIGN_OR_RETURN(const tensor::TensorView* view,
                            reader.Find(nn::LocateTensor(*files, stored, prefix), stored.shape, true));
      for (size_t i = 0; i < stored.entries.size(); ++i) {
        TransformerModule::Parameter& p = parameters[stored.entries[i]];
        p.value = at::Tensor();
        p.frozen = std::make_shared<FrozenMatrix>(
            files, *view, stored.fused() ? RowListOf(stored, i) : std::vector<int64_t>(), stored.transposed);
      }
      continue;
    }
    PANO_ASSIGN_OR_RETURN(const at::Tensor value, reader.ReadStored(stored));
    for (size_t i = 0; i < stored.entries.size(); ++i) {
      parameters[stored.entries[i]].value.copy_(
          stored.fused() ? value.index_select(0, RowsOf(stored, i)) : value);
    }
  }
  Status status;
  ForEachHeadTensor(module, [&](const encoder::HeadTensor& tensor, size_t index) {
    if (!status.ok()) return;
    Result<at::Tensor> value = reader.Read(Choose(reader, tensor.name), tensor.shape);
    if (value.ok()) {
      parameters[index].value.copy_(*value);
    } else if (!use.fresh_heads) {
      status = value.error();
    }
  });
  if (use.frozen) {
    for (TransformerModule::Parameter& p : parameters) {
      if (p.value.defined()) p.value.requires_grad_(false);
    }
    module.BindParameters();
  }
  return status;
}

NamedTensors AsStored(const TransformerModule& module,
                      const std::function<at::Tensor(size_t parameter)>& of) {
  at::NoGradGuard no_grad;
  NamedTensors out;
  for (const StoredTensor& stored : StoredOf(module)) {
    at::Tensor value = of(stored.entries.front());
    if (!value.defined()) continue;
    if (stored.fused()) {
      std::vector<int64_t> shape = value.sizes().vec();
      shape[0] = stored.rows();
      value = at::zeros(shape, value.options());
      for (size_t i = 0; i < stored.entries.size(); ++i) {
        const at::Tensor part = of(stored.entries[i]);
        if (part.defined()) value.index_copy_(0, RowsOf(stored, i), part);
      }
    }
    if (stored.transposed) value = value.t();
    out.emplace_back(module.spec().FileName(NameOf(stored)), value.contiguous());
  }
  ForEachHeadTensor(module, [&](const encoder::HeadTensor& tensor, size_t index) {
    const at::Tensor value = of(index);
    if (!value.defined()) return;
    out.emplace_back(module.spec().FileName(tensor.name.substr(0, tensor.name.find('|'))), value);
  });
  return out;
}

NamedTensors StoredWeights(const TransformerModule& module, at::ScalarType type) {
  return AsStored(module, [&](size_t i) { return module.parameters()[i].value.detach().to(type); });
}

std::vector<std::string> StoredNames(const TransformerModule& module) {
  std::vector<std::string> names;
  for (const StoredTensor& stored : StoredOf(module)) names.push_back(module.spec().FileName(NameOf(stored)));
  ForEachHeadTensor(module, [&](const encoder::HeadTensor& tensor, size_t) {
    names.push_back(module.spec().FileName(tensor.name.substr(0, tensor.name.find('|'))));
  });
  return names;
}

}  // namespace pano::train
