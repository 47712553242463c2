#include "model/engine/step.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/threads.h"

// All items become one plan of slices for one forward pass; a list of readings says what each row
// of logits is for. Readings are worked off in parallel, a sampler a worker. With a draft the rows
// behind each of its tokens are there too: the tokens are drawn one after the other, each with its
// own random number, as long as the drawn one is the drafted one.

namespace pano::engine {

Step::Step(nn::Model& model, nn::State& state, ComputePool& pool)
    : model_(model), state_(state), pool_(pool), samplers_(static_cast<size_t>(pool.threads())) {}

void Step::Run(std::span<StepItem> items) {
  Status status = Forward(items);
  if (status.ok()) return;
  if (items.size() == 1 && items[0].draft.empty()) {
    items[0].status = status;
    return;
  }
  for (StepItem& item : items) {
    item.draft.clear();
    Status alone = Forward({&item, 1});
    if (!alone.ok()) item.status = alone;  // else: what its rows said
  }
}

Status Step::Forward(std::span<StepItem> items) {
  plan_.slices.clear();
  readings_.clear();
  inputs_.clear();
  rows_ = 0;
  for (StepItem& item : items) plan_.slices.push_back(MakeSlice(item));
  PANO_RETURN_IF_ERROR(model_.Forward(plan_, state_, logits_));
  if (logits_.rows() != rows_ || logits_.vocab() != static_cast<size_t>(model_.vocab_size())) {
    return Internal("[engine] the model returned logits of another shape");
  }
  Read();
  return OkStatus();
}

// Lists what its rows are for, too.
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
      readings_.push_back({&item, rows_++, sequence.tokens()[static_cast<size_t>(i + 1)]});
    }
  }
  if (end == sequence.length()) {
    readings_.push_back({&item, rows_});
    rows_ += 1 + item.draft.size();
  }

  nn::SequenceSlice slice;
  slice.tokens = TokensOf(item);
  slice.position = begin;
  slice.planned_length = sequence.active().planned_length;
  for (const BlockTable& table : sequence.blocks) slice.tables.push_back(table.ids());
  slice.logits_from = static_cast<size_t>(from - begin);
  return slice;
}

std::span<const TokenId> Step::TokensOf(const StepItem& item) {
  const Sequence& sequence = *item.sequence;
  std::span<const TokenId> known = sequence.tokens().subspan(static_cast<size_t>(sequence.computed),
                                                             static_cast<size_t>(item.tokens));
  if (item.draft.empty()) return known;
  PANO_CHECK(sequence.computed + item.tokens == sequence.length());
  std::vector<TokenId>& input = inputs_.emplace_back(known.begin(), known.end());
  input.insert(input.end(), item.draft.begin(), item.draft.end());
  return input;  // its memory stays where it is when `inputs_` grows
}

void Step::Read() {
  pool_.ParallelFor(readings_.size(), 1, [this](size_t begin, size_t end, int worker) {
    for (size_t i = begin; i < end; ++i) {
      ReadOne(readings_[i], samplers_[static_cast<size_t>(worker)]);
    }
  });
  for (Reading& reading : readings_) {
    StepItem& item = *reading.item;
    if (!reading.status.ok()) item.status = reading.status;
    auto& to = reading.scored ? item.scores : item.drawn;
    std::ranges::move(reading.tokens, std::back_inserter(to));
  }
}

// Several threads do this for different readings: of all that belongs to a sequence, only the draws
// touch its history.
void Step::ReadOne(Reading& reading, Sampler& sampler) {
  StepItem& item = *reading.item;
  Sequence& sequence = *item.sequence;
  if (reading.scored) {
    auto score = sampler.Score(*reading.scored, sequence.request().prompt_logprobs,
                               std::as_const(logits_).row(reading.row));
    if (score.ok()) {
      reading.tokens.push_back(std::move(score).value());
    } else {
      reading.status = score.status();
    }
    return;
  }
  HistoryPreview preview(sequence.draw_history());
  for (size_t ahead = 0; ahead <= item.draft.size(); ++ahead) {
    auto drawn = sampler.Draw(sequence.NextDraw(static_cast<int64_t>(ahead)),
                              logits_.row(reading.row + ahead));
    if (!drawn.ok()) {
      reading.status = drawn.status();
      return;
    }
    const TokenId id = drawn->id;
    reading.tokens.push_back(std::move(drawn).value());
    if (ahead == item.draft.size() || id != item.draft[ahead]) return;
    preview.AddOutput(id);
  }
}

}  // namespace pano::engine
