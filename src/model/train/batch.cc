#include "model/train/batch.h"
#include "model/train/ops/torch_ops.h"

#include <algorithm>

namespace pano::train {
namespace {

// Whether a sequence is one text from position 0.
bool OneText(const Sequence& s) {
  for (size_t i = 0; i < s.position_ids.size(); ++i) {
    if (s.position_ids[i] != static_cast<int32_t>(i)) return false;
  }
  return true;
}

// Tokens up to the last that is no padding.
size_t Used(const Sequence& s) {
  size_t used = s.input_ids.size();
  while (used > 0 && !s.attention_mask.empty() && s.attention_mask[used - 1] == 0) --used;
  return used;
}

bool HasHole(const Sequence& s) {
  const size_t used = Used(s);
  return std::any_of(s.attention_mask.begin(), s.attention_mask.begin() + static_cast<std::ptrdiff_t>(std::min(used, s.attention_mask.size())),
                     [](uint8_t keep) { return keep == 0; });
}

}  // namespace

std::vector<int32_t> LabelsOf(const Sequence& s) {
  if (!s.labels.empty()) return s.labels;
  std::vector<int32_t> labels = s.input_ids;
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool padding = !s.attention_mask.empty() && s.attention_mask[i] == 0;
    const bool begins = i > 0 && !s.position_ids.empty() && s.position_ids[i] != s.position_ids[i - 1] + 1;
    if (padding || begins) labels[i] = kNoLabel;
  }
  return labels;
}

SequenceBatch MakeBatch(std::span<const Sequence* const> sequences, bool causal) {
  size_t length = 1;
  bool types = false, positions = false, masked = false;
  for (const Sequence* s : sequences) length = std::max(length, s->input_ids.size());
  for (const Sequence* s : sequences) {
    types = types || !s->token_type_ids.empty();
    positions = positions || !OneText(*s);
    masked = masked || HasHole(*s) || (!causal && Used(*s) < length);
  }
  const std::vector<int64_t> shape = {static_cast<int64_t>(sequences.size()), static_cast<int64_t>(length)};
  SequenceBatch out;
  out.text.ids = at::zeros(shape, at::kLong);
  out.labels = at::full(shape, int64_t{kNoLabel}, at::TensorOptions(at::kLong));
  out.completion = at::zeros(shape, at::TensorOptions(at::kBool));
  if (types) out.text.types = at::zeros(shape, at::kLong);
  if (masked) out.text.keep = at::zeros(shape, at::TensorOptions(at::kBool));
  // What fills up is a text of its own.
  if (positions) out.text.positions = at::zeros(shape, at::kLong);
  for (size_t b = 0; b < sequences.size(); ++b) {
    const Sequence& s = *sequences[b];
    const size_t count = s.input_ids.size();
    auto row = [&](const at::Tensor& t) { return t.data_ptr<int64_t>() + b * length; };
    auto flags = [&](const at::Tensor& t) { return t.data_ptr<bool>() + b * length; };
    std::ranges::copy(s.input_ids, row(out.text.ids));
    std::ranges::copy(LabelsOf(s), row(out.labels));
    if (types) std::ranges::copy(s.token_type_ids, row(out.text.types));
    for (size_t i = 0; i < count; ++i) {
      const bool keep = s.attention_mask.empty() || s.attention_mask[i] != 0;
      if (masked) flags(out.text.keep)[i] = keep;
      if (positions) row(out.text.positions)[i] = s.position_ids.empty() ? static_cast<int64_t>(i) : s.position_ids[i];
      flags(out.completion)[i] = keep && (s.completion_mask.empty() || s.completion_mask[i] != 0);
      out.tokens += keep;
    }
  }
  return out;
}

at::Tensor LabelMatrix(std::span<const std::vector<int32_t>* const> labels, int64_t length) {
  at::Tensor out = at::full({static_cast<int64_t>(labels.size()), length}, int64_t{kNoLabel}, at::TensorOptions(at::kLong));
  for (size_t b = 0; b < labels.size(); ++b) {
    const auto count = std::min(labels[b]->size(), static_cast<size_t>(length));
    std::copy_n(labels[b]->begin(), count, out.data_ptr<int64_t>() + static_cast<int64_t>(b) * length);
  }
  return out;
}

}  // namespace pano::train
