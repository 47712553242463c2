#pragma once

#include <string>
#include <string_view>

#include "app/models/memory_budget.h"
#include "app/models/model_host.h"
#include "app/models/model_version.h"
#include "base/result.h"

namespace pano::models {

// An adapter to serve: "ID=PATH". A value.
struct AdapterSource {
  std::string id;
  std::string path;
  bool operator==(const AdapterSource&) const = default;
};

// InvalidArgument when what stands before the first '=' is no id, or nothing stands behind it.
Result<AdapterSource> ParseAdapterSource(std::string_view argument);

// The adapter of a PEFT folder as a model of its own id, whose requests `base` computes beside all
// others: rows of one batch may have different adapters or none. It shares the base's tokenizer,
// templates and defaults. Failures name the folder's file. Exhausted where its file is larger than the
// memory that is left. `memory` may be null: nothing is counted.
Result<ModelVersionPtr> LoadAdapterVersion(const AdapterSource& source, const ModelVersionPtr& base,
                                           const MemoryBudget* memory);

// The version whose weights an adapter changes; null when that is gone, or this is no adapter.
ModelVersionPtr BaseOf(const ModelVersion& adapter);

// The model that an adapter is served over: the only one that is served, or that of several which its
// configuration names, by the path or the id (or a path's last part). InvalidArgument where that says
// none.
Result<ModelVersionPtr> BaseOfAdapter(const AdapterSource& source, const ModelHost& host);

// Unavailable, "model_not_loaded": what an adapter's request is told when its base has been unloaded.
Status BaseIsGone(const ModelVersion& adapter);

}  // namespace pano::models
