#pragma once

#include <string>

#include "data/version/lineage/model_lineage.h"
#include "model/train/run/record/run_folder.h"

namespace pano::train {

// What made the model of this run, for lineage.json beside its weights. `base_model` as in RunCard.
data::ModelLineage LineageOf(const RunRecord& record, const std::string& base_model);

}  // namespace pano::train
