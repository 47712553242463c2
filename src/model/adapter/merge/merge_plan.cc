#include "model/adapter/merge/merge_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/threads.h"
#include "model/adapter/merge/merged_tensor.h"
#include "model/format/weights.h"
#include "model/nn/weights/stored_tensors.h"

namespace pano::adapter {
namespace {

using tensor::TensorView;

tensor::Shape StoredShape(const BaseModule& m) {
  if (m.stored) return m.stored->shape;
  return m.kind == ModuleKind::kLinear ? tensor::Shape{m.out, m.in} : tensor::Shape{m.out};
}

class Planner {
 public:
  Planner(const Adapter& adapter, const format::ModelFiles& files, ComputePool& pool)
      : adapter_(adapter),
        base_(adapter.base()),
        files_(files),
        pool_(pool),
        plan_(std::make_unique<MergePlan>()) {
    const auto& all = base_.all();
    const auto head = std::ranges::find_if(all, &BaseModule::tied);
    if (head != all.end()) head_ = &*head;
  }

  Result<std::unique_ptr<MergePlan>> Plan() {
    for (const ModuleChange& change : adapter_.changes()) {
      const BaseModule& m = *change.module;
      PANO_RETURN_IF_ERROR(AddChange(change).Wrap(StrCat("module '", m.name, "'")));
    }
    if (head_) PANO_RETURN_IF_ERROR(AddTies().Wrap(StrCat("module '", head_->name, "'")));
    return std::move(plan_);
  }

 private:
  Status AddChange(const ModuleChange& change) {
    if (change.bias || change.b_bias) PANO_RETURN_IF_ERROR(AddBias(change));
    if (!change.low_rank() && !change.weight && !change.tokens) return {};
    if (change.module == head_) return {};  // AddTies
    if (change.module == base_.embedding() && base_.embedding_is_shared()) {
      return Unimplemented("the embedding is also the head's, or another stack's, matrix; an "
                           "adapter of it is not merged");
    }
    return AddWeight(change, *change.module);
  }

  std::string NameOf(const BaseModule& m, std::string_view suffix) const {
    return nn::LocateTensor(*files_.weights, StrCat(m.name, suffix), base_.optional_prefix());
  }

  Result<TensorView> Find(const std::string& name, const tensor::Shape& shape) const {
    const TensorView* view = files_.weights->Find(name);
    if (!view) return Corruption(StrCat("the base has no tensor '", name, "'"));
    if (view->shape != shape) {
      return Corruption(StrCat("the base's tensor '", name, "' has shape ",
                               tensor::ShapeText(view->shape), ", its configuration says ",
                               tensor::ShapeText(shape)));
    }
    PANO_RETURN_IF_ERROR(CheckMergeable(*view).Wrap(StrCat("the base's tensor '", name, "'")));
    return *view;
  }

  Status AddWeight(const ModuleChange& change, const BaseModule& m) {
    const std::string name = NameOf(m, ".weight");
    PANO_ASSIGN_OR_RETURN(const TensorView view, Find(name, StoredShape(m)));
    plan_->changed.emplace(name, MergedWeight(name, view, Keep(change), pool_));
    return {};
  }

  Status AddBias(const ModuleChange& change) {
    const BaseModule& m = *change.module;
    if (!m.bias) {
      return Unimplemented("lora_bias: the base has no bias there that it could be merged into");
    }
    const std::string name = NameOf(m, ".bias");
    // A bias that two modules share stands once.
    if (!files_.weights->Find(name) && m.kind == ModuleKind::kOther && !m.stored) return {};
    PANO_ASSIGN_OR_RETURN(const TensorView view, Find(name, {m.out}));
    plan_->changed.emplace(name, MergedBias(name, view, Keep(change)));
    return {};
  }

  const ModuleChange& Keep(ModuleChange change) {
    return plan_->changes.emplace_back(std::move(change));
  }

  // The head whose matrix is the embedding: what either of them changes of the shared matrix counts
  // for both, what one of them has for itself takes them apart.
  Status AddTies() {
    const ModuleChange* own = adapter_.Find(*head_);
    const ModuleChange* in = base_.embedding() ? adapter_.Find(*base_.embedding()) : nullptr;
    const bool head_changes = own && (own->low_rank() || (own->weight && own->saved_whole));
    const bool input_changes = in && (in->low_rank() || (in->weight && in->saved_whole));
    if (!base_.embedding()) return Internal("a tied head without embedding");
    const BaseModule& embedding = *base_.embedding();
    const std::string name = NameOf(embedding, ".weight");
    PANO_ASSIGN_OR_RETURN(const TensorView view, Find(name, StoredShape(embedding)));
    if (own && own->weight && !own->saved_whole && !SameValues(*own->weight, view)) {
      return Unimplemented("the adapter stores another embedding than the base has, and the head "
                           "is tied to it");
    }
    ModuleChange head;
    if (head_changes) head = *own;
    if (!head.saved_whole) head.weight = in && !in->saved_whole ? in->weight : nullptr;
    head.module = head_;
    head.bias = head.b_bias = nullptr;
    const std::string head_name = NameOf(*head_, ".weight");
    const bool has_copy = files_.weights->Find(head_name) != nullptr;
    if (head_changes || input_changes) {
      format::TensorStream stream = MergedWeight(head_name, view, Keep(std::move(head)), pool_);
      (has_copy ? plan_->changed : plan_->added).emplace(head_name, std::move(stream));
      plan_->embedding = name;
    } else if (in && has_copy) {
      plan_->changed.emplace(head_name, MergedWeight(head_name, view, Keep(*in), pool_));
    }
    return {};
  }

  const Adapter& adapter_;
  const BaseModules& base_;
  const format::ModelFiles& files_;
  ComputePool& pool_;
  const BaseModule* head_ = nullptr;  // where it is tied
  std::unique_ptr<MergePlan> plan_;
};

}  // namespace

Result<std::unique_ptr<MergePlan>> PlanMerge(const Adapter& adapter,
                                             const format::ModelFiles& files, ComputePool& pool) {
  return Planner(adapter, files, pool).Plan();
}

}  // namespace pano::adapter
