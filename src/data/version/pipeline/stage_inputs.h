#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "data/version/output.h"
#include "data/version/pipeline/lock_file.h"
#include "data/version/pipeline/stage.h"
#include "data/version/repository.h"
#include "data/version/workspace.h"

namespace pano::pipeline {

// Whether two values are the same, as Python compares them: 1 and 1.0 are, keys have no order.
bool SameValue(const json::Value& a, const json::Value& b);

// An entry of a lock file for what was hashed.
LockedPath LockedPathOf(const std::string& written, const data::Output& output);

// What stages depend on, as it is in the workspace now. Confined to one thread.
class StageInputs {
 public:
  StageInputs(const data::Repository& repository, data::Workspace& workspace)
      : repository_(repository), workspace_(workspace) {}

  // Command, dependencies and parameters, with the outputs' paths alone. NotFound names a
  // dependency, file or parameter that is not there.
  Result<LockedStage> Of(const Stage& stage);
  // Whether dependencies and parameters are those of the lock. What is missing is a change.
  Result<bool> Same(const Stage& stage, const LockedStage& locked);

 private:
  Result<data::Content> Look(const StagePath& dep, data::HashName hash,
                             const std::optional<data::ObjectId>& expected = std::nullopt);
  Result<json::Value> ReadParams(const StagePath& file) const;

  const data::Repository& repository_;
  data::Workspace& workspace_;
};

}  // namespace pano::pipeline
