#include "model/train/data/row_source.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::train {
namespace {

Status CheckLength(std::string_view name, size_t size, size_t wanted) {
  if (size == 0 || size == wanted) return {};
  return InvalidArgument(StrCat(name, " has ", size, " entries for ", wanted, " tokens"));
}

Status CheckRange(std::string_view name, const std::vector<int32_t>& values, int64_t most, bool labels) {
  for (int32_t value : values) {
    if (labels && value == kNoLabel) continue;
    if (value < 0 || value >= most) {
      return InvalidArgument(StrCat(name, " ", value, " is not below ", most));
    }
  }
  return {};
}

Status CheckSequence(const Sequence& s, int64_t label_max, const RowLimits& limits) {
  const size_t count = s.input_ids.size();
  if (count == 0) return InvalidArgument("input_ids is empty");
  if (static_cast<int64_t>(count) > limits.length_max) {
    return InvalidArgument(StrCat("has ", count, " tokens, the model takes ", limits.length_max));
  }
  PANO_RETURN_IF_ERROR(CheckLength("labels", s.labels.size(), count));
  PANO_RETURN_IF_ERROR(CheckLength("position_ids", s.position_ids.size(), count));
  PANO_RETURN_IF_ERROR(CheckLength("attention_mask", s.attention_mask.size(), count));
  PANO_RETURN_IF_ERROR(CheckLength("token_type_ids", s.token_type_ids.size(), count));
  PANO_RETURN_IF_ERROR(CheckLength("completion_mask", s.completion_mask.size(), count));
  PANO_RETURN_IF_ERROR(CheckRange("input_ids", s.input_ids, limits.vocab_size, false));
  PANO_RETURN_IF_ERROR(CheckRange("labels", s.labels, label_max, true));
  PANO_RETURN_IF_ERROR(CheckRange("position_ids", s.position_ids, limits.length_max, false));
  // All types are 0 where a model has none.
  return CheckRange("token_type_ids", s.token_type_ids, std::max<int64_t>(1, limits.token_types), false);
}

}  // namespace

Status CheckRow(const Row& row, Task task, const RowLimits& limits) {
  const size_t least = task == Task::kPreference || task == Task::kEmbedding ? 2 : 1;
  const size_t most = task == Task::kEmbedding ? 64 : least;
  if (row.sequences.size() < least || row.sequences.size() > most) {
    return InvalidArgument(StrCat("has ", row.sequences.size(), " sequences"));
  }
  const bool token_labels = task == Task::kTokenClassification;
  const int64_t label_max = token_labels && limits.label_count > 0 ? limits.label_count : limits.vocab_size;
  for (const Sequence& s : row.sequences) PANO_RETURN_IF_ERROR(CheckSequence(s, label_max, limits));
  for (size_t h = 0; h < row.heads.size() && h < limits.head_labels.size(); ++h) {
    PANO_RETURN_IF_ERROR(CheckRange("labels of a head:", row.heads[h], limits.head_labels[h], true));
  }
  if (task == Task::kMaskedLm || (token_labels && limits.head_labels.empty())) {
    if (row.sequences[0].labels.empty()) return InvalidArgument("labels is missing");
  }
  if (!row.heads.empty() || task != Task::kSequenceClassification) return {};
  return CheckRange("labels", {row.label}, limits.label_count, true);
}

}  // namespace pano::train
