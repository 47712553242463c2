#include "model/engine/step.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace pano::engine {

Step::Step(nn::Model& model, nn::State& state, ComputePool& pool)
    : model_(model),
      state_(state),
      pool_(pool),
      samplers_(static_cast<size_t>(pool.threads())) {}

void Step::Run(std::span<StepItem> items) {
  Status status = Forward(items);
  if (status.ok()) return;
  if (items.size() == 1) {
    items[0].status = status;
    return;
  }
  for (StepItem& item : items) {
    Status alone = Forward({&item, 1});
    if (!alone.ok()) item.status = alone;   // else: what its rows said
  }
}

Status Step::Forward(std::span<StepItem> items) {
  plan_.slices.clear();
  rows_.clear();
  for (StepItem& item : items) plan_.slices.push_back(MakeSlice(item));
  PANO_RETURN_IF_ERROR(model_.Forward(plan_, state_, logits_));
  if (logits_.rows() != rows_.size() ||
      logits_.vocab() != static_cast<size_t>(model_.vocab_size())) {
    return Internal("[engine] the model returned logits of another shape");
  }
  ReadRows();
  return OkStatus();
}

// Lists the rows that the slice asks for, too.
nn::SequenceSlice Step::MakeSlice(StepItem& item) {
  Sequence& sequence = *item.sequence;
  const int64_t begin = sequence.computed;
  const int64_t end = begin + item.tokens;
  PANO_CHECK(item.tokens > 0 && end <= sequence.length());
  int64_t from = end == sequence.length() ? end - 1 : end;
  if (sequence.scores_prompt()) {
    // The row of token i tells how likely token i + 1 was.
    from = std::min(from, std::max(begin, sequence.scored() - 1));
    for (int64_t i = from; i < end && i + 1 < sequence.prompt_length(); ++i) {
      rows_.push_back({&item, sequence.tokens()[static_cast<size_t>(i + 1)],
                       sequence.request().prompt_logprobs});
    }
  }
  if (end == sequence.length()) rows_.push_back({&item, std::nullopt, 0});

  nn::SequenceSlice slice;
  slice.tokens = sequence.tokens().subspan(static_cast<size_t>(begin),
                                           static_cast<size_t>(item.tokens));
  slice.position = begin;
  slice.planned_length = sequence.active().planned_length;
  for (const BlockTable& table : sequence.blocks) slice.tables.push_back(table.ids());
  slice.logits_from = static_cast<size_t>(from - begin);
  return slice;
}

void Step::ReadRows() {
  pool_.ParallelFor(rows_.size(), 1, [this](size_t begin, size_t end, int worker) {
    Sampler& sampler = samplers_[static_cast<size_t>(worker)];
    for (size_t i = begin; i < end; ++i) {
      Row& row = rows_[i];
      row.outcome = row.scored
                        ? sampler.Score(*row.scored, row.top_logprobs, std::as_const(logits_).row(i))
                        : sampler.Draw(row.item->sequence->NextDraw(), logits_.row(i));
    }
  });
  for (Row& row : rows_) {
    if (!row.outcome.ok()) {
      row.item->status = row.outcome.status();
    } else if (row.scored) {
      row.item->scores.push_back(std::move(row.outcome).value());
    } else {
      row.item->drawn = std::move(row.outcome).value();
    }
  }
}

}  // namespace pano::engine
