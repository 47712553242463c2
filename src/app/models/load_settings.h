#pragma once

#include <string>

#include "app/models/memory_budget.h"
#include "model/batch/predictor.h"
#include "model/engine/options.h"
#include "model/nn/load.h"

namespace pano::models {

// How versions are loaded. A value.
struct LoadSettings {
  nn::LoadOptions load;
  // End and begin tokens, the namespace and the draft model are filled in. kv_bytes_max 0 goes by
  // `memory`.
  engine::Options engine;
  // What the models of this process share; borrowed while they load. Null: nothing is counted.
  MemoryBudget* memory = nullptr;
  std::string draft_model;  // path of the model that drafts for each that generates; "": none
  batch::PredictorOptions predictor;  // its limits are filled in
};

}  // namespace pano::models
