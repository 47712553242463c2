#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/engine/kv/kv_pool.h"
#include "model/engine/options.h"
#include "model/engine/speculation/draft_source.h"
#include "model/engine/speculation/row_cost.h"
#include "model/engine/speculation/speculation_policy.h"
#include "model/engine/step.h"

namespace pano::engine {

// Asked in this order; a later one answers what those before it could not.
using DraftSources = std::vector<std::unique_ptr<DraftSource>>;

// The sources that the options ask for: none when they say so or when the model's state cannot go
// back. InvalidArgument when the draft model does not fit the model.
Result<DraftSources> MakeDraftSources(const nn::Model& model, const Options& options,
                                      const Clock& clock);

// Speculation: gives a step's sequences drafts where the policy says that it pays. They take only
// budget and blocks that the step leaves, so nobody has less for it. Confined to the engine's
// thread.
class Drafter {
 public:
  // `kv` outlives it. Without sources nothing is drafted.
  Drafter(const Options& options, KvPool& kv, DraftSources sources);

  // Adds drafts, and blocks for them, to those of the items that decode. All else that the step
  // needs has been taken. `running`: sequences that hold blocks; there stays one block for each to
  // grow.
  void Draft(std::span<StepItem> items, int64_t running);
  // The step took that long; nothing of it has been committed.
  void Observe(std::span<const StepItem> items, double seconds);
  // A step drew for the sequence: so many drafts of it were right.
  void Learn(Sequence& sequence, int64_t drafted, int64_t accepted);
  void Forget(const Sequence& sequence);

 private:
  double DraftCost() const;
  int64_t RoomFor(const Sequence& sequence, int64_t kept) const;
  void Adopt(StepItem& item, std::vector<TokenId> draft, int64_t kept);

  KvPool& kv_;
  const DraftSources sources_;
  SpeculationLimits limits_;
  RowCost row_cost_;
  SharedAcceptance others_;
};

}  // namespace pano::engine
