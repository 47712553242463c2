#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/fwd.h"
#include "base/result.h"
#include "model/adapter/adapter.h"
#include "model/format/fwd.h"
#include "model/format/tensor_stream.h"

namespace pano::adapter {

// Which tensors of a base change when an adapter is merged, under the names that its files use. The
// streams look into the plan, the adapter, the base's files and the pool. Confined to one thread.
struct MergePlan {
  std::map<std::string, format::TensorStream> changed;
  // The matrix of a head that was the embedding so far, to be written behind it. At most one.
  std::map<std::string, format::TensorStream> added;
  std::string embedding;  // the tensor that `added` stood in

  std::deque<ModuleChange> changes;  // behind the streams
};

// Corruption for a tensor that the files lack or have in another shape; Unimplemented for a type
// that nothing is merged into, and for what the merged model could not say.
Result<std::unique_ptr<MergePlan>> PlanMerge(const Adapter& adapter,
                                             const format::ModelFiles& files, ComputePool& pool);

}  // namespace pano::adapter
