#include "model/engine/step.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/threads.h"
#include "model/nn/bound_adapter.h"

// All items become one plan of slices for one forward pass; a list of readings says what each row
// of logits is for. Readings are worked off in parallel, a sampler a worker. With a draft the rows
// behind each of its tokens are there too: the tokens are drawn one after the other, each with its
// own random number, as long as the drawn one is the drafted one. With a grammar the masks are filled
// here too, so on the pool and beside other sequences' draws: that of the next token as soon as the one
// before it is known.

namespace pano::engine {

namespace {

bool GoesOn(TokenConstraint::State state) {
  return state == TokenConstraint::State::kOpen || state == TokenConstraint::State::kForced;
}

}  // namespace

Step::Step(nn::Model& model, nn::State& state, ComputePool& pool, const Clock& clock,
           Histogram* mask_seconds)
    : model_(model),
      state_(state),
      pool_(pool),
      clock_(clock),
      mask_seconds_(mask_seconds),
      samplers_(static_cast<size_t>(pool.threads())) {}

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
  OrderByAdapter(items);
  for (StepItem* item : ordered_) plan_.slices.push_back(MakeSlice(*item));
  PANO_RETURN_IF_ERROR(model_.Forward(plan_, state_, logits_));
  if (logits_.rows() != rows_ || logits_.vocab() != static_cast<size_t>(model_.vocab_size())) {
    return Internal("[engine] the model returned logits of another shape");
  }
  Read();
  return OkStatus();
}

// Slices of one adapter side by side; otherwise as they come.
void Step::OrderByAdapter(std::span<StepItem> items) {
  ordered_.clear();
  bool adapted = false;
  for (StepItem& item : items) {
    ordered_.push_back(&item);
    adapted = adapted || item.sequence->request().adapter;
  }
  if (!adapted) return;
  auto id_of = [](const StepItem* item) {
    const auto& adapter = item->sequence->request().adapter;
    return adapter ? adapter->id : 0;
  };
  std::ranges::stable_sort(ordered_, {}, id_of);
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
  slice.adapter = sequence.request().adapter.get();
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
    if (reading.scored) continue;
    item.sampled = reading.sampled;
    item.constraint = std::move(reading.constraint);
  }
}

// Several threads do this for different readings: of all that belongs to a sequence, only the draws
// touch its history.
void Step::ReadOne(Reading& reading, Sampler& sampler) {
  if (reading.scored) return ReadScore(reading, sampler);
  ReadDraws(reading, sampler);
}

void Step::ReadScore(Reading& reading, Sampler& sampler) {
  auto score =
      sampler.Score(*reading.scored, reading.item->sequence->request().prompt_logprobs,
                    std::as_const(logits_).row(reading.row));
  if (score.ok()) {
    reading.tokens.push_back(std::move(score).value());
  } else {
    reading.status = score.status();
  }
}

void Step::ReadDraws(Reading& reading, Sampler& sampler) {
  const StepItem& item = *reading.item;
  Sequence& sequence = *item.sequence;
  std::optional<TokenConstraint>& constraint = reading.constraint;
  if (sequence.constraint() != nullptr) constraint.emplace(*sequence.constraint());
  HistoryPreview preview(sequence.draw_history());
  for (size_t ahead = 0; ahead <= item.draft.size(); ++ahead) {
    DrawInput input = sequence.NextDraw(static_cast<int64_t>(ahead));
    if (constraint) {
      if (!GoesOn(Look(reading, *constraint))) return;
      input.allowed = constraint->allowed();
      input.masked = {};  // part of what is allowed
    }
    auto drawn = sampler.Draw(input, logits_.row(reading.row + ahead));
    if (!drawn.ok()) {
      reading.status = drawn.status();
      return;
    }
    const TokenId id = drawn->id;
    reading.tokens.push_back(std::move(drawn).value());
    ++reading.sampled;
    if (constraint) {
      if (sequence.EndsWith(id)) return;
      reading.status = constraint->Accept(id);
      if (!reading.status.ok()) return;
    }
    if (ahead == item.draft.size() || id != item.draft[ahead]) break;
    preview.AddOutput(id);
  }
  if (constraint) AppendForced(reading, *constraint);
}

TokenConstraint::State Step::Look(const Reading& reading, TokenConstraint& constraint) const {
  const bool may_end =
      reading.item->sequence->MayEnd(static_cast<int64_t>(reading.tokens.size()));
  if (constraint.looked() || mask_seconds_ == nullptr) return constraint.Look(may_end);
  const TimePoint begin = clock_.Now();
  const TokenConstraint::State state = constraint.Look(may_end);
  mask_seconds_->Observe(Seconds(clock_.Now() - begin));
  return state;
}

// The only token that is allowed needs no logits: whatever they are, it is drawn, with a log-probability
// of 0. The mask behind the last one stays with the sequence for its next draw.
void Step::AppendForced(Reading& reading, TokenConstraint& constraint) const {
  const Sequence& sequence = *reading.item->sequence;
  for (int64_t room = reading.item->forced_max;; --room) {
    if (Look(reading, constraint) != TokenConstraint::State::kForced || room <= 0) return;
    const TokenId id = constraint.only();
    const bool ends = sequence.EndsWith(id);
    if (!ends) reading.status = constraint.Accept(id);
    if (!reading.status.ok()) return;
    reading.tokens.push_back(OnlyToken(id, sequence.request().logprobs));
    if (ends) return;
  }
}

}  // namespace pano::engine
