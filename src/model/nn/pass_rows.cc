#include "model/nn/pass_rows.h"

#include <algorithm>

#include "base/check.h"
#include "model/nn/model_config.h"

namespace pano::nn {

PassRows::PassRows(const ModelConfig& config) : causal_(config.causal), windows_(1) {
  for (const LayerConfig& layer : config.layers) {
    if (std::ranges::find(windows_, layer.window, &Window::size) == windows_.end()) {
      windows_.push_back({layer.window, {}});
    }
  }
}

void PassRows::Reset(std::span<const RowSpan> spans, size_t state_groups) {
  spans_ = spans;
  consecutive_ids_ = spans.empty() || spans.front().position_ids.empty();
  position_ids_.clear();
  memory_.clear();
  inputs_.clear();
  for (Window& window : windows_) window.keys.clear();
  sequences_.resize(state_groups);
  for (std::vector<ops::SequenceRows>& list : sequences_) list.clear();
  for (const RowSpan& span : spans) AddSpan(span);
}

void PassRows::AddSpan(const RowSpan& span) {
  PANO_CHECK(span.position_ids.empty() == consecutive_ids_);
  PANO_CHECK(span.tables.size() == sequences_.size());
  const size_t first_row = size();
  for (size_t g = 0; g < sequences_.size(); ++g) {
    sequences_[g].push_back({first_row, span.count, span.position, span.tables[g].data()});
  }
  const size_t first_key =
      memory_.empty() ? 0 : memory_.back().first_key + memory_.back().key_count;
  memory_.push_back({first_row, span.count, first_key, span.memory_rows});
  inputs_.push_back({first_row, span.count, first_row, span.count - span.query_only});
  for (int64_t i = 0; i < static_cast<int64_t>(span.count); ++i) {
    position_ids_.push_back(consecutive_ids_ ? span.position + i
                                             : span.position_ids[static_cast<size_t>(i)]);
    for (Window& window : windows_) window.keys.push_back(KeysOf(span, i, window.size));
  }
}

// Keys are kept by position, so ranges of position ids become ranges of positions.
ops::KeyRange PassRows::KeysOf(const RowSpan& span, int64_t row, int64_t window) const {
  const auto kept = static_cast<int64_t>(span.count - span.query_only);
  const int64_t position = span.position + row;
  const auto ids = span.position_ids.first(std::min(span.position_ids.size(),
                                                    static_cast<size_t>(kept)));
  auto first_not_below = [&](int64_t id) {
    return span.position + (std::ranges::lower_bound(ids, id) - ids.begin());
  };
  if (causal_) {
    const int64_t end = row < kept ? position + 1
                                   : first_not_below(span.position_ids[static_cast<size_t>(row)]);
    return {window > 0 ? std::max<int64_t>(0, position - window + 1) : 0, end};
  }
  const int64_t end = span.position + kept;
  if (window == 0) return {0, end};
  if (ids.empty()) {
    return {std::max(span.position, position - window / 2),
            std::min(end, position + window / 2 + 1)};
  }
  const int64_t id = span.position_ids[static_cast<size_t>(row)];
  return {first_not_below(id - window / 2), first_not_below(id + window / 2 + 1)};
}

int64_t PassRows::largest_id() const {
  return position_ids_.empty() ? 0 : std::ranges::max(position_ids_);
}

ops::AttentionRows PassRows::Attention(size_t group, int64_t window) const {
  const auto found = std::ranges::find(windows_, window, &Window::size);
  PANO_CHECK(found != windows_.end());
  return {sequences_[group], found->keys, position_ids_, consecutive_ids_};
}

}  // namespace pano::nn
