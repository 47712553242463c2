#include "model/train/process_members.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/check.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/train/parallel/exchange.h"
#include "model/train/parallel/partition.h"

namespace pano::train {
namespace {

// Values that go in one message where nothing else says how many.
constexpr int64_t kPiece = int64_t{1} << 20;
// Before the gradients: one number for each, how many members have it.
constexpr size_t kFlags = 1;

std::span<float> FloatsOf(const at::Tensor& tensor) {
  PANO_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous());
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

std::span<std::byte> BytesOf(const at::Tensor& tensor) {
  PANO_CHECK(tensor.is_contiguous());
  return {static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

// members[begin, end) as a tree of halves; undefined is left out.
at::Tensor SumHalves(const std::vector<at::Tensor>& members, size_t begin, size_t end) {
  if (end - begin == 1) return members[begin];
  const size_t middle = begin + (end - begin) / 2;
  at::Tensor left = SumHalves(members, begin, middle), right = SumHalves(members, middle, end);
  if (!left.defined() || !right.defined()) return left.defined() ? left : right;
  return left.add_(right);
}

double SumHalves(std::span<const double> values) {
  if (values.size() == 1) return values[0];
  const size_t middle = values.size() / 2;
  return SumHalves(values.first(middle)) + SumHalves(values.subspan(middle));
}

// Types of tensors in what CollectOptimizer tells: torch's own numbers are not for other versions.
struct TypeName {
  std::string_view name;
  at::ScalarType type;
};
constexpr TypeName kTypes[] = {{"F32", at::kFloat}, {"F64", at::kDouble}, {"U8", at::kByte},
                               {"I64", at::kLong},  {"I32", at::kInt},    {"F16", at::kHalf},
                               {"BF16", at::kBFloat16}};

json::Value Describe(const NamedTensors& tensors) {
  json::Array out;
  for (const auto& [name, tensor] : tensors) {
    std::string_view type;
    for (const TypeName& known : kTypes) {
      if (known.type == tensor.scalar_type()) type = known.name;
    }
    PANO_CHECK(!type.empty());
    out.push_back(json::Object{
        {"name", name},
        {"type", type},
        {"shape", json::Array(tensor.sizes().begin(), tensor.sizes().end())}});
  }
  return out;
}

// Tensors of these names, types and shapes, with any values.
Result<NamedTensors> Prepare(const json::Value* described) {
  const Status broken = Internal("[parallel] what a member tells of its tensors cannot be read");
  if (!described || !described->is_array()) return broken;
  NamedTensors out;
  for (const json::Value& one : described->as_array()) {
    const json::Value *name = one.Find("name"), *type = one.Find("type"),
                      *shape = one.Find("shape");
    if (!name || !name->is_string() || !type || !type->is_string() || !shape ||
        !shape->is_array()) {
      return broken;
    }
    std::vector<int64_t> sizes;
    for (const json::Value& size : shape->as_array()) {
      if (!size.is_int() || size.as_int() < 0) return broken;
      sizes.push_back(size.as_int());
    }
    const auto known = std::ranges::find(kTypes, std::string_view(type->as_string()), &TypeName::name);
    if (known == std::end(kTypes)) return broken;
    out.emplace_back(name->as_string(), at::empty(sizes, at::TensorOptions(known->type)));
  }
  return out;
}

}  // namespace

// Tells the reducer of each gradient when autograd has added the last of it. Confined to one thread,
// but for the hooks themselves, which autograd's thread calls.
class ProcessMembers::Hooks {
 public:
  Hooks(BucketReducer* reducer, const std::vector<at::Tensor>& leaves) : reducer_(reducer) {
    for (size_t i = 0; i < leaves.size(); ++i) {
      impls_.push_back(leaves[i].unsafeGetTensorImpl());
      auto node = torch::autograd::impl::grad_accumulator(leaves[i]);
      using torch::autograd::variable_list;
      node->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(
          [this, i, leaf = leaves[i]](const variable_list& outputs, const variable_list&) {
            if (active_) Tell(i, leaf);
            return outputs;
          }));
      nodes_.push_back(std::move(node));
    }
  }

  bool IsOf(const std::vector<at::Tensor>& leaves) const {
    return std::ranges::equal(leaves, impls_, {}, &at::Tensor::unsafeGetTensorImpl);
  }
  void Activate(bool active) { active_ = active; }
  bool active() const { return active_; }
  void Tell(size_t index, const at::Tensor& leaf) {
    at::NoGradGuard no_grad;
    const at::Tensor gradient = leaf.grad();
    if (!gradient.defined()) return;
    reducer_->Ready(index + kFlags, FloatsOf(gradient.contiguous()));
  }

 private:
  BucketReducer* reducer_;
  std::atomic<bool> active_{false};
  std::vector<const c10::TensorImpl*> impls_;
  // Hooks live as long as these; libtorch 1.x shares nodes by another pointer than 2.x.
  std::vector<decltype(torch::autograd::impl::grad_accumulator(at::Tensor()))> nodes_;
};

ProcessMembers::ProcessMembers(collective::Communicator* group) : group_(group) {}
ProcessMembers::~ProcessMembers() = default;

void ProcessMembers::Learn(const std::vector<at::Tensor>& leaves) {
  if (owners_.size() == leaves.size()) return;
  std::vector<int64_t> sizes;
  for (const at::Tensor& leaf : leaves) sizes.push_back(leaf.numel());
  owners_ = OwnersOf(sizes, count());
}

void ProcessMembers::BeginBackward(const std::vector<at::Tensor>& leaves) {
  Learn(leaves);
  if (!hooks_ || !hooks_->IsOf(leaves)) {
    std::vector<int64_t> sizes = {static_cast<int64_t>(leaves.size())};
    for (const at::Tensor& leaf : leaves) sizes.push_back(leaf.numel());
    hooks_.reset();
    reducer_ = std::make_unique<BucketReducer>(group_, std::move(sizes));
    hooks_ = std::make_unique<Hooks>(reducer_.get(), leaves);
  }
  reducer_->Begin();
  hooks_->Activate(true);
}

Status ProcessMembers::SumGradients(const std::vector<at::Tensor>& leaves, bool fixed) {
  Learn(leaves);
  return fixed ? SumFixed(leaves) : SumOverlapped(leaves);
}

Status ProcessMembers::SumOverlapped(const std::vector<at::Tensor>& leaves) {
  at::NoGradGuard no_grad;
  // A step may have had no last backward pass of which it could be told.
  if (!hooks_ || !hooks_->active() || !hooks_->IsOf(leaves)) BeginBackward(leaves);
  hooks_->Activate(false);
  std::vector<float> flags;
  for (size_t i = 0; i < leaves.size(); ++i) {
    flags.push_back(leaves[i].grad().defined() ? 1.0F : 0.0F);
    hooks_->Tell(i, leaves[i]);  // what no backward pass came to
  }
  reducer_->Ready(0, flags);
  PANO_RETURN_IF_ERROR(reducer_->Finish());
  const std::span<const float> having = reducer_->reduced(0);
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (having[i] == 0) continue;
    at::Tensor leaf = leaves[i];
    if (!leaf.grad().defined() || !leaf.grad().is_contiguous()) {
      leaf.mutable_grad() = at::empty(leaf.sizes(), leaf.options().requires_grad(false));
    }
    std::ranges::copy(reducer_->reduced(i + kFlags), FloatsOf(leaf.grad()).begin());
  }
  return {};
}

// Every member gets every member's gradients, a piece at a time, and adds them in the same tree.
Status ProcessMembers::SumFixed(const std::vector<at::Tensor>& leaves) {
  at::NoGradGuard no_grad;
  const auto members = static_cast<size_t>(count());
  std::vector<float> flags, all_flags(leaves.size() * members);
  for (const at::Tensor& leaf : leaves) flags.push_back(leaf.grad().defined() ? 1.0F : 0.0F);
  if (leaves.empty()) return {};
  PANO_RETURN_IF_ERROR(group_->AllGather(flags, all_flags));
  for (size_t i = 0; i < leaves.size(); ++i) {
    std::vector<bool> has(members);
    for (size_t r = 0; r < members; ++r) has[r] = all_flags[r * leaves.size() + i] != 0;
    if (std::ranges::find(has, true) == has.end()) continue;
    at::Tensor leaf = leaves[i];
    if (!leaf.grad().defined()) leaf.mutable_grad() = at::zeros_like(leaf).detach();
    at::Tensor flat = leaf.grad().contiguous().view({-1});
    for (int64_t at = 0; at < flat.numel(); at += kPiece) {
      const int64_t size = std::min(kPiece, flat.numel() - at);
      at::Tensor own = flat.narrow(0, at, size);
      at::Tensor all = at::empty({count(), size}, at::kFloat);
      PANO_RETURN_IF_ERROR(group_->AllGather(FloatsOf(own), FloatsOf(all)));
      std::vector<at::Tensor> parts(members);
      for (size_t r = 0; r < members; ++r) {
        if (has[r]) parts[r] = all[static_cast<int64_t>(r)];
      }
      own.copy_(SumHalves(parts, 0, members));
    }
    leaf.mutable_grad() = flat.view(leaf.sizes());
  }
  return {};
}

Status ProcessMembers::SumNumbers(std::span<double> numbers, bool fixed) {
  if (!fixed) return train::SumNumbers(*group_, numbers);
  PANO_ASSIGN_OR_RETURN(const auto all, GatherNumbers(*group_, numbers));
  std::vector<double> column(all.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    for (size_t r = 0; r < all.size(); ++r) column[r] = all[r][i];
    numbers[i] = SumHalves(column);
  }
  return {};
}

Result<at::Tensor> ProcessMembers::Gather(const at::Tensor& rows) {
  at::NoGradGuard no_grad;
  const at::Tensor own = rows.detach().contiguous();
  const double first = static_cast<double>(own.size(0));
  PANO_ASSIGN_OR_RETURN(const auto sizes, GatherNumbers(*group_, std::span(&first, 1)));
  std::vector<int64_t> shape = own.sizes().vec();
  shape[0] = 0;
  for (const auto& size : sizes) shape[0] = std::max(shape[0], static_cast<int64_t>(size[0]));
  at::Tensor local = at::zeros(shape, at::kFloat);
  local.narrow(0, 0, own.size(0)).copy_(own);
  std::vector<int64_t> all_shape = shape;
  all_shape.insert(all_shape.begin(), count());
  at::Tensor all = at::empty(all_shape, at::kFloat);
  if (local.numel() > 0) PANO_RETURN_IF_ERROR(group_->AllGather(FloatsOf(local), FloatsOf(all)));
  std::vector<at::Tensor> parts;
  for (size_t r = 0; r < sizes.size(); ++r) {
    parts.push_back(
        all[static_cast<int64_t>(r)].narrow(0, 0, static_cast<int64_t>(sizes[r][0])));
  }
  return at::cat(parts);
}

bool ProcessMembers::Owns(size_t index) const {
  PANO_CHECK(index < owners_.size());
  return owners_[index] == rank();
}

// The parameters of each owner go as one array, in pieces.
Status ProcessMembers::Share(const std::vector<at::Tensor>& parameters) {
  at::NoGradGuard no_grad;
  Learn(parameters);
  for (int owner = 0; owner < count(); ++owner) {
    std::vector<at::Tensor> flat;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (owners_[i] == owner) flat.push_back(parameters[i].detach().reshape({-1}));
    }
    if (flat.empty()) continue;
    at::Tensor values = at::cat(flat);
    const std::span<float> all = FloatsOf(values);
    for (size_t at = 0; at < all.size(); at += kPiece) {
      PANO_RETURN_IF_ERROR(group_->Broadcast(
          all.subspan(at, std::min(static_cast<size_t>(kPiece), all.size() - at)), owner));
    }
    if (owner == rank()) continue;
    int64_t at = 0;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (owners_[i] != owner) continue;
      at::Tensor parameter = parameters[i].detach();
      parameter.copy_(values.narrow(0, at, parameter.numel()).view(parameter.sizes()));
      at += parameter.numel();
    }
  }
  return {};
}

// "first.NAME", "second_scale.NAME": what the optimizer remembers of the parameter NAME. What belongs
// to no parameter is everybody's.
void ProcessMembers::DropOthers(NamedTensors& state,
                                const std::vector<std::string>& names) const {
  std::erase_if(state, [&](const auto& entry) {
    const auto parameter =
        std::ranges::find(names, std::string_view(entry.first).substr(entry.first.find('.') + 1));
    return parameter != names.end() && !Owns(static_cast<size_t>(parameter - names.begin()));
  });
}

void ProcessMembers::KeepOwned(NamedTensors& state, const std::vector<at::Tensor>& parameters,
                               const std::vector<std::string>& names) {
  Learn(parameters);
  DropOthers(state, names);
}

// Each member in turn sends what it has, a tensor at a time: the others hold one of them.
Status ProcessMembers::CollectOptimizer(NamedTensors& state,
                                        const std::vector<std::string>& names) {
  DropOthers(state, names);
  NamedTensors collected;
  for (int r = 0; r < count(); ++r) {
    std::string described = r == rank() ? json::Dump(Describe(state)) : std::string();
    PANO_RETURN_IF_ERROR(BroadcastText(*group_, &described, r));
    PANO_ASSIGN_OR_RETURN(const json::Value value, json::Parse(described));
    PANO_ASSIGN_OR_RETURN(NamedTensors theirs, Prepare(&value));
    for (size_t i = 0; i < theirs.size(); ++i) {
      at::Tensor tensor = r == rank() ? state[i].second.contiguous() : theirs[i].second;
      PANO_RETURN_IF_ERROR(BroadcastBytes(*group_, BytesOf(tensor), r));
      theirs[i].second.reset();
      if (rank() == 0) collected.emplace_back(theirs[i].first, std::move(tensor));
    }
  }
  if (rank() == 0) state = std::move(collected);
  return {};
}

}  // namespace pano::train
