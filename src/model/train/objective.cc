#include "model/train/objective.h"

#include <algorithm>

#include "base/check.h"
#include "model/train/batch.h"
#include "model/train/pooling.h"
#include "model/train/ops/cross_entropy.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

std::vector<const Sequence*> Column(std::span<const Row> rows, size_t column) {
  std::vector<const Sequence*> out;
  for (const Row& row : rows) out.push_back(&row.sequences[column]);
  return out;
}

double Count(const std::vector<int32_t>& labels, size_t from) {
  const auto begin = labels.begin() + static_cast<std::ptrdiff_t>(std::min(from, labels.size()));
  return static_cast<double>(std::count_if(begin, labels.end(), [](int32_t l) { return l != kNoLabel; }));
}

// Where flat `labels` count.
at::Tensor Counted(const at::Tensor& labels) {
  return labels.flatten().ne(kNoLabel).nonzero().squeeze(1);
}

// A loss of nothing, with a gradient of zeros: a part of a step may have no labels.
at::Tensor Nothing(const at::Tensor& hidden) { return hidden.sum() * 0; }

}  // namespace

Objective::Objective(const Recipe& recipe)
    : task_(recipe.task), dpo_beta_(recipe.dpo_beta), scale_(recipe.embedding.scale), cls_(recipe.embedding.cls) {
  several_ = !recipe.heads.empty();
  for (const HeadRecipe& head : recipe.heads) {
    heads_.push_back({head.task == Task::kTokenClassification, head.weight});
  }
  if (!several_) heads_.push_back({task_ != Task::kSequenceClassification, 1.0});
}

std::vector<double> Objective::Items(std::span<const Row> rows) const {
  std::vector<double> items(heads_.size(), 0.0);
  for (const Row& row : rows) {
    switch (task_) {
      case Task::kCausalLm:
      case Task::kChat:
        items[0] += Count(LabelsOf(row.sequences[0]), 1);
        break;
      case Task::kMaskedLm:
        items[0] += Count(row.sequences[0].labels, 0);
        break;
      case Task::kSequenceClassification:
      case Task::kTokenClassification:
        for (size_t h = 0; h < heads_.size(); ++h) {
          if (several_) {
            items[h] += h < row.heads.size() ? Count(row.heads[h], 0) : 0;
          } else {
            items[h] += heads_[h].tokens ? Count(row.sequences[0].labels, 0) : row.label != kNoLabel;
          }
        }
        break;
      case Task::kPreference:
      case Task::kEmbedding:
      case Task::kTokenizer:
        items[0] += 1;
    }
  }
  return items;
}

at::Tensor Objective::Loss(const TransformerModule& module, std::span<const Row> rows,
                           std::span<const double> items, const Pass& pass,
                           const TransformerModule* reference) const {
  switch (task_) {
    case Task::kCausalLm:
    case Task::kChat:
      return CausalLoss(module, rows, items[0], pass);
    case Task::kPreference:
      PANO_CHECK(reference != nullptr);
      return PreferenceLoss(module, rows, items[0], pass, *reference);
    case Task::kEmbedding:
      return PairLoss(Encode(module, rows, pass), items[0]);
    case Task::kSequenceClassification:
    case Task::kTokenClassification:
    case Task::kMaskedLm:
    case Task::kTokenizer:
      break;
  }
  return HeadsLoss(module, rows, items, pass);
}

at::Tensor Objective::CausalLoss(const TransformerModule& module, std::span<const Row> rows,
                                 double items, const Pass& pass) const {
  const std::vector<const Sequence*> sequences = Column(rows, 0);
  const SequenceBatch batch = MakeBatch(sequences, module.config().causal);
  const at::Tensor hidden = module.Hidden(batch.text, pass);
  const int64_t length = batch.labels.size(1);
  const at::Tensor targets = batch.labels.narrow(1, 1, length - 1);
  const at::Tensor chosen = Counted(targets);
  if (chosen.size(0) == 0) return Nothing(hidden);
  // The head is computed for what counts alone.
  const at::Tensor kept = hidden.narrow(1, 0, length - 1).reshape({-1, hidden.size(2)}).index_select(0, chosen);
  const at::Tensor logits = module.Logits(kept, pass);
  return CrossEntropySum(logits, targets.flatten().index_select(0, chosen), kNoLabel) / items;
}

namespace {

// Sum of ln p of the tokens of each sequence's completion: [sequences].
at::Tensor CompletionLogp(const TransformerModule& module, const SequenceBatch& batch, const Pass& pass) {
  const at::Tensor hidden = module.Hidden(batch.text, pass);
  const int64_t length = batch.labels.size(1), count = batch.labels.size(0);
  const at::Tensor judged = batch.completion.narrow(1, 1, length - 1).flatten().nonzero().squeeze(1);
  const at::Tensor kept = hidden.narrow(1, 0, length - 1).reshape({-1, hidden.size(2)}).index_select(0, judged);
  const at::Tensor targets = batch.text.ids.narrow(1, 1, length - 1).flatten().index_select(0, judged);
  const at::Tensor logp = at::log_softmax(module.Logits(kept, pass), -1).gather(1, targets.unsqueeze(1)).squeeze(1);
  return at::zeros({count}, hidden.options()).index_add(0, at::floor_divide(judged, length - 1), logp);
}

}  // namespace

at::Tensor Objective::PreferenceLoss(const TransformerModule& module, std::span<const Row> rows,
                                     double items, const Pass& pass,
                                     const TransformerModule& reference) const {
  std::vector<const Sequence*> sequences = Column(rows, 0);
  std::ranges::copy(Column(rows, 1), std::back_inserter(sequences));
  const SequenceBatch batch = MakeBatch(sequences, module.config().causal);
  const auto pairs = static_cast<int64_t>(rows.size());
  at::Tensor before;
  {
    at::NoGradGuard no_grad;
    Pass plain = pass;
    plain.dropout = nullptr;
    plain.adapters = false;
    before = CompletionLogp(reference, batch, plain);
  }
  const at::Tensor gain = CompletionLogp(module, batch, pass) - before;
  const at::Tensor margin = gain.narrow(0, 0, pairs) - gain.narrow(0, pairs, pairs);
  return -at::log_sigmoid(margin * dpo_beta_).sum() / items;
}

at::Tensor Objective::HeadsLoss(const TransformerModule& module, std::span<const Row> rows,
                                std::span<const double> items, const Pass& pass) const {
  const std::vector<const Sequence*> sequences = Column(rows, 0);
  const SequenceBatch batch = MakeBatch(sequences, module.config().causal);
  const at::Tensor hidden = module.Hidden(batch.text, pass);
  at::Tensor sum = Nothing(hidden);
  for (size_t h = 0; h < heads_.size(); ++h) {
    if (items[h] == 0) continue;
    at::Tensor labels = batch.labels;
    std::vector<const std::vector<int32_t>*> own;
    const std::vector<int32_t> none;
    if (several_) {
      for (const Row& row : rows) own.push_back(h < row.heads.size() ? &row.heads[h] : &none);
      labels = LabelMatrix(own, heads_[h].tokens ? batch.labels.size(1) : 1);
    } else if (!heads_[h].tokens) {
      labels = at::empty({static_cast<int64_t>(rows.size())}, at::kLong);
      for (size_t r = 0; r < rows.size(); ++r) labels.data_ptr<int64_t>()[r] = rows[r].label;
    }
    const at::Tensor chosen = Counted(labels);
    if (chosen.size(0) == 0) continue;
    const at::Tensor targets = labels.flatten().index_select(0, chosen);
    const at::Tensor logits = heads_[h].tokens
                                  ? module.HeadStages(h, hidden.flatten(0, 1).index_select(0, chosen), pass)
                                  : module.Head(h, batch.text, hidden, pass).index_select(0, chosen);
    sum = sum + CrossEntropySum(logits, targets, kNoLabel) * (heads_[h].weight / items[h]);
  }
  return sum;
}

at::Tensor Objective::Encode(const TransformerModule& module, std::span<const Row> rows,
                             const Pass& pass) const {
  std::vector<const Sequence*> sequences;
  const size_t columns = rows[0].sequences.size();
  for (const Row& row : rows) {
    PANO_CHECK(row.sequences.size() == columns);
    for (const Sequence& s : row.sequences) sequences.push_back(&s);
  }
  const SequenceBatch batch = MakeBatch(sequences, false);
  const at::Tensor hidden = module.Hidden(batch.text, pass);
  const at::Tensor pooled = Pool(cls_ ? encoder::Pooling::kFirst : encoder::Pooling::kMean, batch.text, {}, hidden);
  const at::Tensor unit = pooled / pooled.norm(2, {-1}, true).clamp_min(1e-12);
  return unit.view({static_cast<int64_t>(rows.size()), static_cast<int64_t>(columns), unit.size(1)});
}

at::Tensor Objective::PairLoss(const at::Tensor& encoded, double items) const {
  const int64_t rows = encoded.size(0), columns = encoded.size(1);
  const at::Tensor anchors = encoded.select(1, 0);
  // All positives, then all first negatives, ...
  const at::Tensor others = encoded.narrow(1, 1, columns - 1).transpose(0, 1).reshape({rows * (columns - 1), encoded.size(2)});
  const at::Tensor logits = at::matmul(anchors, others.t()) * scale_;
  return CrossEntropySum(logits, at::arange(rows, at::kLong), kNoLabel) / items;
}

}  // namespace pano::train
