#include "model/engine/speculation/drafter.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/engine/speculation/model_draft.h"
#include "model/engine/speculation/ngram_draft.h"

// The policy says how many tokens each decoding sequence is worth; sources are asked in order, a
// later one for what the earlier ones left open; what they say is cut to the reader's room, the
// request's length and the memory that is left, and gets blocks.

namespace pano::engine {
namespace {

// A draft model's token, as a part of a step, as long as it is not measured.
constexpr double kDraftModelCost = 0.15;

}  // namespace

Result<DraftSources> MakeDraftSources(const nn::Model& model, const Options& options,
                                      const Clock& clock) {
  DraftSources sources;
  const SpeculationOptions& speculation = options.speculation;
  if (speculation.draft_tokens == 0 || !CanRewind(model.state_layout())) return sources;
  if (speculation.draft_model != nullptr) {
    PANO_ASSIGN_OR_RETURN(auto source, ModelDraft::Create(*speculation.draft_model,
                                                          model.vocab_size(), options, clock));
    sources.push_back(std::move(source));
  }
  sources.push_back(std::make_unique<NgramDraft>());
  return sources;
}

Drafter::Drafter(const Options& options, KvPool& kv, DraftSources sources)
    : kv_(kv), sources_(std::move(sources)) {
  const SpeculationOptions& speculation = options.speculation;
  limits_.rows_max = std::min(limits_.rows_max, options.step_tokens_max);
  if (speculation.draft_tokens == kSpeculateWhereItPays) return;
  limits_.adaptive = false;
  limits_.draft_max = speculation.draft_tokens;
  limits_.rows_max = options.step_tokens_max;
}

void Drafter::Draft(std::span<StepItem> items, int64_t running) {
  if (sources_.empty()) return;
  const int64_t kept = running - 1;
  DraftSnapshot snapshot;
  std::vector<StepItem*> drawing;
  for (StepItem& item : items) {
    snapshot.rows += item.tokens;
    if (!item.sequence->is_decoding()) continue;
    drawing.push_back(&item);
    item.sequence->acceptance.Begin(others_.rate());
    snapshot.sequences.push_back({RoomFor(*item.sequence, kept), item.sequence->acceptance});
  }
  if (snapshot.rows >= limits_.rows_max) return;
  limits_.row_cost = row_cost_.Get() + DraftCost();
  const std::vector<int64_t> counts = PlanDrafts(limits_, snapshot);
  std::vector<DraftRequest> requests;
  std::vector<StepItem*> asking;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] <= 0) continue;
    const Sequence& sequence = *drawing[i]->sequence;
    requests.push_back(
        {sequence.key(), sequence.tokens(), sequence.active().planned_length, counts[i]});
    asking.push_back(drawing[i]);
  }
  if (requests.empty()) return;
  for (const auto& source : sources_) source->Propose(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    PANO_CHECK(static_cast<int64_t>(requests[i].draft.size()) <= requests[i].count);
    Adopt(*asking[i], std::move(requests[i].draft), kept);
  }
}

// Of the first source, which is asked first; of a step with one row.
double Drafter::DraftCost() const {
  if (sources_.size() < 2) return 0;
  const double seconds = sources_[0]->SecondsPerToken();
  const double step = row_cost_.one_row_seconds();
  return seconds > 0 && step > 0 ? seconds / step : kDraftModelCost;
}

void Drafter::Observe(std::span<const StepItem> items, double seconds) {
  int64_t rows = 0;
  for (const StepItem& item : items) {
    if (!item.sequence->is_decoding()) return;
    rows += item.tokens + static_cast<int64_t>(item.draft.size());
  }
  row_cost_.Observe(rows, seconds);
}

void Drafter::Learn(Sequence& sequence, int64_t drafted, int64_t accepted) {
  sequence.acceptance.Learn(drafted, accepted);
  others_.Learn(drafted, accepted);
}

void Drafter::Forget(const Sequence& sequence) {
  for (const auto& source : sources_) source->Forget(sequence.key());
}

// How many tokens could come out beside the one that comes anyway: what the request still may have,
// what its reader has room for, what fits into memory.
int64_t Drafter::RoomFor(const Sequence& sequence, int64_t kept) const {
  const ActiveRequest& active = sequence.active();
  const auto events = static_cast<int64_t>(active.stream->Room()) / std::max(1, active.unfinished);
  return std::min({*active.request.max_tokens - sequence.output_length() - 1, events - 1,
                   kv_.Room(sequence.blocks, kept) - sequence.length()});
}

void Drafter::Adopt(StepItem& item, std::vector<TokenId> draft, int64_t kept) {
  Sequence& sequence = *item.sequence;
  // Others have taken blocks meanwhile.
  const int64_t room = std::max<int64_t>(0, RoomFor(sequence, kept));
  draft.resize(std::min(draft.size(), static_cast<size_t>(room)));
  // Nothing comes behind the token that ends it.
  auto end = std::ranges::find_if(draft, [&](TokenId id) { return sequence.EndsWith(id); });
  if (end != draft.end()) draft.erase(end + 1, draft.end());
  // What the grammar does not allow cannot come out.
  if (sequence.constraint() != nullptr) draft.resize(sequence.constraint()->CountAllowed(draft));
  if (draft.empty()) return;
  kv_.Extend(sequence.blocks, sequence.length() + static_cast<int64_t>(draft.size()));
  item.draft = std::move(draft);
}

}  // namespace pano::engine
